"""The installer of the lock files, which runs before anything is installed."""

import re
import subprocess
import sys

from embedded.install import fingerprint, pip_settings_for_uv, serves


def test_uv_takes_the_index_from_the_configuration_of_pip(monkeypatch, tmp_path):
    configuration = tmp_path / "pip.conf"
    configuration.write_text(
        "[global]\nindex-url = https://mirror.example/simple\nextra-index-url = https://one.example\n"
        "    https://two.example\nfind-links = /wheels /more\n[install]\ntrusted-host = mirror.example\n"
    )
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_TRUSTED_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://three.example")
    settings = pip_settings_for_uv()
    assert settings["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert settings["UV_INDEX"] == "https://three.example"  # a variable wins over the file, as with pip
    assert settings["UV_FIND_LINKS"] == "/wheels,/more"
    assert settings["UV_INSECURE_HOST"] == "mirror.example"


def test_the_installer_runs_before_any_package_is_installed(checkout):
    # -I -S: no site-packages
    program = "import runpy; runpy.run_path('embedded/install.py', run_name='only imported')"
    subprocess.run([sys.executable, "-I", "-S", "-c", program], cwd=checkout, check=True)


def test_an_environment_of_the_test_lock_serves_a_run_but_not_the_other_way_round(checkout):
    run, test = checkout / "requirements.lock", checkout / "requirements-test.lock"
    assert serves(fingerprint(run), run)
    assert serves(fingerprint(test), run)
    assert not serves(fingerprint(run), test)
    assert not serves("", run)


def test_the_test_lock_names_every_version_that_a_run_has(checkout):
    def versions(lock):
        return set(re.findall(r"^(\S+==\S+)", (checkout / lock).read_text(), re.MULTILINE))

    assert versions("requirements.lock") < versions("requirements-test.lock")


def test_no_lock_names_an_address_to_download_from(checkout):
    for lock in ("requirements.lock", "requirements-test.lock"):
        assert not re.search(
            r"https?:|file:|--(extra-)?index-url|--find-links", (checkout / lock).read_text()
        )
