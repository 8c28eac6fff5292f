"""Who is let in over OPC UA, as a file says it: understood, or refused in one sentence."""

import pytest
from typer.testing import CliRunner

from neosort_hardware.section import ConfigError
from neosort_inference.cli import app
from neosort_inference.plant.settings import load_plant_config

SERVER = 'certificate = "certificate.pem"\nprivate_key = "private_key.pem"\n'


def loaded(folder, text):
    file = folder / "opcua.toml"
    file.write_text(text, encoding="utf-8")
    return load_plant_config(file)


def test_nothing_said_is_a_plain_server_for_readers_on_this_machine(tmp_path):
    config = loaded(tmp_path, "")
    assert (config.host, config.port, config.anonymous, config.clients) == ("127.0.0.1", 4840, True, {})


def test_files_are_looked_for_beside_the_file_that_names_them(tmp_path):
    made = CliRunner().invoke(app, ["opcua", "certificate", str(tmp_path), "--host", "10.0.0.7", "--host", "line-1"])
    assert made.exit_code == 0, made.output
    assert (tmp_path / "private_key.pem").stat().st_mode & 0o077 == 0
    (tmp_path / "fine.toml").touch()
    config = loaded(tmp_path, SERVER + '[recipes]\nfine = "fine.toml"\n[clients]\nada = "certificate.pem"\n')
    assert config.certificate == tmp_path / "certificate.pem"
    assert config.recipes == {"fine": tmp_path / "fine.toml"}
    assert config.clients == {"ada": tmp_path / "certificate.pem"}
    with pytest.raises(ConfigError, match=r"gone\.toml is not there"):
        loaded(tmp_path, '[recipes]\nfine = "gone.toml"\n')
    again = CliRunner().invoke(app, ["opcua", "certificate", str(tmp_path)])
    assert again.exit_code
    assert "private_key.pem: cannot be written" in str(again.exception)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("port = 0", "port = 0"),
        ("colour = 1", "unknown key 'colour'"),
        ('certificate = "c.pem"', "certificate and private_key go together"),
        ("anonymous = false", "that needs certificate and private_key"),
        ('[clients]\nada = "c.pem"', "that needs certificate and private_key"),
        ("fastest_ms = 1", "greater than or equal to 50"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(tmp_path, text, complaint):
    with pytest.raises(ConfigError) as refused:
        loaded(tmp_path, text)
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_tags_command_lists_every_value():
    run = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["opcua", "tags"])
    assert run.exit_code == 0
    assert "ns=2;s=Line.Counters.Items" in run.output
