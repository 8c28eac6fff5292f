"""YAML and XML of other people, read so that nothing in them is executed or expanded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neosort_datasets.interchange.claims import InterchangeError, MissingExtraError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_EXTRA = "needs the extra 'interchange': pip install 'neosort[interchange]'"


def parse_yaml(data: bytes, where: str) -> Any:  # noqa: ANN401 - YAML may hold anything
    """The content, of plain types alone. Raises `InterchangeError`, `MissingExtraError`."""
    try:
        import yaml  # noqa: PLC0415 - of the extra 'interchange'
    except ImportError as error:
        raise MissingExtraError(f"{where}: reading YAML {_EXTRA}") from error
    try:
        return yaml.safe_load(data)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InterchangeError(f"{where}: not YAML ({' '.join(str(error).split())})") from error


def parse_xml(data: bytes, where: str) -> Element:
    """The root element. A document type, and with it every entity, is refused.

    Raises `InterchangeError`, `MissingExtraError`.
    """
    try:
        from defusedxml import DefusedXmlException  # noqa: PLC0415 - of the extra 'interchange'
        from defusedxml.ElementTree import ParseError, fromstring  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError(f"{where}: reading XML {_EXTRA}") from error
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise InterchangeError(f"{where}: declares a document type or entities, which are not expanded") from error
    except (ParseError, ValueError, LookupError) as error:
        raise InterchangeError(f"{where}: not XML ({error})") from error
    return root
