"""What of a page is worked by keys alone, is to be read, and is told to whoever does not see it; asked of a browser."""

from __future__ import annotations

from collections.abc import Iterator

from tests.browsing import Browser

# Whatever a pointer can work: what is made for it, and what only looks so.
_CONTROLS = """
const MADE = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]:not([tabindex='-1'])";
const pointed = (one) => getComputedStyle(one).cursor === "pointer";
const controls = [...document.querySelectorAll("body *")].filter((one) =>
    (one.matches(MADE) || (pointed(one) && !one.closest(MADE) && !pointed(one.parentElement)))
    && one.checkVisibility({ visibilityProperty: true }) && !one.disabled && !one.closest("[disabled], .disabled"));
const name = (one) => (one.ariaLabel || one.innerText || one.outerHTML.slice(0, 90)).trim();
"""
_COLOURS = """
const parsed = (colour) => {
    const n = colour.match(/[\\d.]+(e-?\\d+)?/g).map(Number);
    const whole = colour.startsWith("color(") ? 255 : 1;
    return [whole * n[0], whole * n[1], whole * n[2], n[3] ?? 1];
};
const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
const light = (colour) => {
    const [r, g, b] = colour.map((v) => (v / 255 <= 0.04045 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
};
const contrast = (a, b) => Math.max(light(a) / light(b), light(b) / light(a));
const ground = (one) => {
    const layers = [];
    for (; one; one = one.parentElement) layers.push(parsed(getComputedStyle(one).backgroundColor));
    return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255, 1]);
};
"""
_WATCH = f"""
{_COLOURS}
window.stops = [];
window.watched?.abort();
window.watched = new AbortController();
const outlined = (one) => [one, one.closest(".q-field__control")].filter(Boolean).some((frame) => {{
    const style = getComputedStyle(frame);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
        && contrast(parsed(style.outlineColor), ground(frame.parentElement)) >= 3;
}});
document.body.tabIndex = -1;
document.body.focus();  // the way begins there
document.body.removeAttribute("tabindex");
addEventListener("focusin", ({{ target }}) => stops.push([target, outlined(target)]), {{ signal: watched.signal }});
"""
_COUNT = f"{_CONTROLS} return controls.length"
_WALKED = f"""
{_CONTROLS}
watched.abort();
const again = stops.findIndex(([one], which) => which && one === stops[0][0]);
const way = again < 0 ? stops : stops.slice(0, again);
const reached = way.map(([one]) => one);
const told = (words, some) => some.map((one) => `${{words}}: ${{name(one)}}`);
return [
    ...told("not reached", controls.filter((one) =>
        !reached.some((stop) => stop === one || stop.contains(one) || one.contains(stop)))),
    ...told("focus not seen", way.filter(([, seen]) => !seen).map(([one]) => one)),
    ...told("out of order", reached.filter((one, which) =>
        which && !(reached[which - 1].compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING))),
    ...(reached.length && !reached[0].matches(".skip") ? ["the way does not begin with the link to the content"] : []),
];
"""
_FAINT = f"""
{_COLOURS}
const faint = new Set();
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {{
    const words = texts.currentNode.data.trim(), one = texts.currentNode.parentElement;
    if (!words || !one.checkVisibility({{ opacityProperty: true, visibilityProperty: true }})) continue;
    if (one.closest(".belt, script, style, .skip, .heard, [disabled], .disabled, svg")) continue;
    const style = getComputedStyle(one), size = parseFloat(style.fontSize), on = ground(one);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) || one.matches(".material-icons");
    const found = contrast(over(parsed(style.color), on), on);
    if (found < (large ? 3 : 4.5)) faint.add(`${{words.slice(0, 40)}}: ${{found.toFixed(2)}}`);
    if (size < 14) faint.add(`${{words.slice(0, 40)}}: ${{size}} px`);
}}
return [...faint];
"""
_NAMELESS = """
const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, canvas, [role=button], [role=switch], " +
    "[role=slider], [role=dialog], [role=img], [role=progressbar], img:not([alt])";
const words = (one) => {
    const copy = one.cloneNode(true);
    copy.querySelectorAll("[aria-hidden=true], .material-icons").forEach((icon) => icon.remove());
    return [one.ariaLabel, one.title, one.alt, copy.textContent, ...[...(one.labels ?? [])].map((l) => l.innerText)];
};
return [...document.querySelectorAll(CONTROLS)].filter((one) =>
    one.checkVisibility({ visibilityProperty: true }) && !one.closest("[aria-hidden=true]")
    && !one.parentElement.closest("[role=img], [role=switch], [role=button]")
    && !words(one).some((said) => said?.trim())).map((one) => one.outerHTML.slice(0, 120));
"""
_STILL = "const style = document.createElement('style'); style.textContent = '* { transition: none !important; }'; " + (
    "document.head.append(style)"
)
_SPARE = 4  # presses of Tab beyond the controls that there are: the way goes round


_WALKS = 3  # at most: what comes in while a page is walked is found on the next walk


def faults_for_keys(page: Browser) -> list[str]:
    """What Tab does not come to, where it cannot be seen to be, and where it goes astray."""
    faults: list[str] = []
    for _ in range(_WALKS):
        page.js(_WATCH)
        page.tab(page.js(_COUNT) + _SPARE)
        if not (faults := page.js(_WALKED)):
            break
    return faults


def faults_for_eyes(page: Browser) -> list[str]:
    """Words too faint (WCAG 2.2, 1.4.3 AA) or too small to be read, in the theme that is shown."""
    page.js(_STILL)
    return page.js(_FAINT)


def nameless(page: Browser) -> list[str]:
    """Controls and pictures that nothing is said of to whoever does not see them."""
    return page.js(_NAMELESS)


def focused(page: Browser) -> str:
    """The words of what has the focus; none where nothing has it."""
    return page.js("const one = document.activeElement; return one === document.body ? '' : one.innerText.trim()")


def focus_among(page: Browser, selector: str, presses: int) -> Iterator[bool]:
    """Whether the focus lies on nothing but what is in there, after each of so many presses of Tab."""
    for _ in range(presses):
        page.tab(1)
        yield page.js("return document.activeElement.matches(`body, ${arguments[0]} *`)", selector)
