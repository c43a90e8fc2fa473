"""Which format a file is in, told by its content, and which files of a folder are to be read."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from django.utils.translation import gettext as _

from advocacy.representatives.files import DataFile
from advocacy.representatives.readers import (
    congress,
    european_parliament,
    everypolitician_csv,
    korea,
    mapped_csv,
    openstates,
    philippines,
    popolo,
)
from advocacy.representatives.records import ImportFileError

READERS: dict[str, ModuleType] = {
    "popolo": popolo,
    "everypolitician-csv": everypolitician_csv,
    "openstates": openstates,
    "congress-legislators": congress,
    "european-parliament": european_parliament,
    "korea": korea,
    "philippines": philippines,
    "csv": mapped_csv,
}
FORMATS = tuple(READERS)
_ONE_PERSON = "*-????????-????-????-????-????????????.y*ml"  # a file of OpenStates, named by its person's id
_POPOLO = "ep-popolo-v1.0"
# Beside the people in the folders we know, and not to be read as people.
_ASIDE = {"meta.json", "countries.json", "settings.yml", congress.OFFICES, "README.md", "LICENSE", "SOURCE"}


def find(path: Path, name: str = "", *, mapped: bool = False) -> list[tuple[str, DataFile]]:
    """Format and file of everything to read at `path`, in the order to read it.

    `mapped` says that a column mapping was given, so a CSV file of unknown columns is taken. Raises
    ImportFileError, naming what was found, where there is nothing we know.
    """
    if path.is_dir():
        return _in_folder(path, mapped=mapped)
    if not path.is_file():
        raise ImportFileError(_("There is no file or folder %(path)s.") % {"path": name or path.name})
    file = DataFile(path, name or path.name)
    if _bare(path.name) == "countries.json" and path.parent.is_dir():
        return _in_tree(path.parent)
    return [(format_of(file, mapped=mapped), file)]


def format_of(file: DataFile, *, mapped: bool = False) -> str:
    head = file.head()
    if not head.strip():
        raise ImportFileError(_("%(name)s is empty.") % {"name": file.name})
    if head[257:262] == b"ustar":
        return "openstates"
    if head[:4] == b"PK\x03\x04":
        raise ImportFileError(
            _("%(name)s is a zip file or a spreadsheet. Please give the file inside, or a CSV.")
            % {"name": file.name}
        )
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] in {b"{", b"["}:
        return _json_format(file)
    text = head.decode("utf-8", "replace").removeprefix("\ufeff")
    if start.startswith((b"- ", b"---", b"id: ")) or b"\nid: ocd-person/" in head:
        return _yaml_format(text, file)
    return _csv_format(text, file, mapped=mapped)


def _json_format(file: DataFile) -> str:
    data = file.json()
    first = data[0] if isinstance(data, list) and data and isinstance(data[0], dict) else {}
    if isinstance(data, dict) and "persons" in data:
        return "popolo"
    if "name_kr" in first:
        return "korea"
    if first.keys() & {"province_city", "party_list", "chamber"}:
        return "philippines"
    if "legislatures" in first:
        raise ImportFileError(
            _("%(name)s is an index of legislatures. Please give the folder it stands in.")
            % {"name": file.name}
        )
    raise _unknown(file)


def _yaml_format(text: str, file: DataFile) -> str:
    if "ocd-person/" in text:
        return "openstates"
    if "bioguide:" in text or "govtrack:" in text:
        if "\n  terms:" in text:
            return "congress-legislators"
        if "\n  offices:" in text:
            raise ImportFileError(
                _(
                    "%(name)s has district offices only. Please give legislators-current.yaml with this file beside it, or their folder."
                )
                % {"name": file.name}
            )
    raise _unknown(file)


def _csv_format(text: str, file: DataFile, *, mapped: bool) -> str:
    try:
        header = set(next(csv.reader([text.partition("\n")[0].rstrip("\r")]), []))
    except csv.Error:
        header = set()
    if header >= everypolitician_csv.COLUMNS:
        return "everypolitician-csv"
    if "mep_identifier" in header:
        return "european-parliament"
    if "name_kr" in header:
        return "korea"
    if any(column.startswith("name__") for column in header):
        raise ImportFileError(
            _("%(name)s lists names in many languages, without mandates or routes: it is not for import.")
            % {"name": file.name}
        )
    if {"zcta", "cd"} <= header:
        raise ImportFileError(
            _("%(name)s lists postcodes, which have an import of their own.") % {"name": file.name},
            "manage.py import_postcodes PATH --country US",
        )
    if mapped and len(header) > 1:
        return "csv"
    raise _unknown(file)


def _unknown(file: DataFile) -> ImportFileError:
    return ImportFileError(
        _(
            "The format of %(name)s is not known. Known are: %(formats)s. A CSV file of your own needs a saved column mapping."
        )
        % {"name": file.name, "formats": ", ".join(FORMATS)},
        "--mapping NAME",
    )


def _in_folder(folder: Path, *, mapped: bool) -> list[tuple[str, DataFile]]:
    """An OpenStates folder, one legislature or the whole tree of EveryPolitician, or files of one format."""
    whole = DataFile(folder, folder.name)
    if any(True for _path in folder.rglob(_ONE_PERSON)):
        return [("openstates", whole)]
    if popolo_file := _popolo_in(folder):
        return [("popolo", popolo_file)]
    if any((folder / name).is_file() for name in ("countries.json", "countries.json.gz")):
        return _in_tree(folder)
    if any(True for _path in folder.glob("*/meta.json")):
        return _in_country(folder)
    found: dict[str, list[DataFile]] = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.name.startswith(".") and _bare(path.name) not in _ASIDE:
            file = DataFile(path, path.name)
            found.setdefault(format_of(file, mapped=mapped), []).append(file)
    if not found:
        raise ImportFileError(_("The folder %(name)s holds no file we can read.") % {"name": folder.name})
    if len(found) > 1:
        raise ImportFileError(
            _("The folder %(name)s holds several formats (%(formats)s). Please give one file.")
            % {"name": folder.name, "formats": ", ".join(sorted(found))}
        )
    return [(format_name, file) for format_name, files in found.items() for file in _without_twins(files)]


def _in_tree(root: Path) -> list[tuple[str, DataFile]]:
    """Every legislature of an EveryPolitician tree that is there; those only in its index are passed over."""
    return _legislatures(path.parent for path in root.glob("*/*/meta.json"))


def _in_country(folder: Path) -> list[tuple[str, DataFile]]:
    """Every legislature of one country of that tree."""
    return _legislatures(path.parent for path in folder.glob("*/meta.json"))


def _legislatures(folders: Iterable[Path]) -> list[tuple[str, DataFile]]:
    found: list[tuple[str, DataFile]] = []
    for folder in sorted(folders):
        popolo_file = _popolo_in(folder)
        files = (
            [popolo_file]
            if popolo_file
            else [DataFile(path, path.name) for path in sorted(folder.glob("term-*.csv*"))]
        )
        found += [("popolo" if popolo_file else "everypolitician-csv", file) for file in files]
    if not found:
        raise ImportFileError(_("None of the legislatures in the index is beside it."))
    return found


def passed_over(path: Path, found: list[tuple[str, DataFile]]) -> list[str]:
    """The files and folders directly in the folder at `path` of which nothing was read, though people may be in them.

    What is known to lie beside the people is not named, nor the same people in another form.
    """
    if not path.is_dir():
        return []
    read = {file.path for _format, file in found}
    if read == {path}:  # a folder of one file a person
        read = set(path.rglob(_ONE_PERSON))
    inside = {parent for file in read for parent in file.parents}
    forms = {_bare(file.name).rpartition(".")[0] for file in read}
    names = []
    for entry in sorted(path.iterdir()):
        if entry.name.startswith(".") or _bare(entry.name) in _ASIDE or entry in read:
            continue
        is_twin = entry.is_file() and (
            _bare(entry.name).rpartition(".")[0] in forms
            or (_POPOLO in forms and entry.name.startswith("term-"))
        )
        if not is_twin and entry not in inside:
            names.append(entry.name)
    return names


def _popolo_in(folder: Path) -> DataFile | None:
    paths = sorted(folder.glob(f"{_POPOLO}.json*"))
    return DataFile(paths[0], paths[0].name) if paths else None


def _without_twins(files: list[DataFile]) -> list[DataFile]:
    """The same records as CSV and as JSON are read once."""
    seen: dict[str, DataFile] = {}
    for file in files:
        seen.setdefault(_bare(file.name).rpartition(".")[0], file)
    return list(seen.values())


def _bare(name: str) -> str:
    return name.removesuffix(".gz")
