"""Who may import whom, as import-linter checks it: rooms stand in rows, imports only go down (pyproject.toml)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

REST = "*"


class Floors(Contract):
    """Rows from the roof to the cellar, in which ``*`` is every module of the package that no row names.

    A module imports from the rows below its own, and from its own row unless that joins names by ``|``. A door is one
    import, ``a.b -> a.c.d``, that may go up. That nobody goes in a circle is for ``acyclic_siblings`` to say.
    """

    package = fields.StringField()
    rows = fields.ListField(subfield=fields.StringField())
    doors = fields.ListField(subfield=fields.StringField(), required=False, default=())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        place = {name.strip(): number for number, row in enumerate(self.rows) for name in re.split("[|:]", row)}
        rooms = {self.room(module) for module in graph.modules}
        problems = [f"there is no {self.package}.{name}" for name in place if name != REST and name not in rooms]
        unused = set(self.doors)
        for importer, imported in self.imports_between_rooms(graph):
            here, there = (place.get(self.room(module), place[REST]) for module in (importer, imported))
            if f"{importer} -> {imported}" in self.doors:
                unused.discard(f"{importer} -> {imported}")
            elif here > there or (here == there and "|" in self.rows[here]):
                details = graph.get_import_details(importer=importer, imported=imported)
                lines = ", ".join(str(detail["line_number"]) for detail in details)
                problems.append(f"{importer} (line {lines}) imports {imported}, which does not stand below it")
        problems += [f"nobody goes through the door {door}" for door in sorted(unused)]
        return ContractCheck(kept=not problems, metadata={"problems": problems})

    def imports_between_rooms(self, graph: ImportGraph) -> Iterator[tuple[str, str]]:
        """Return who imports whom, as far as both stand in the package, in different rooms."""
        for importer in sorted(graph.find_descendants(self.package)):
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                if self.room(imported) not in ("", self.room(importer)):
                    yield importer, imported

    def room(self, module: str) -> str:
        """Return the first name below the package; empty for the package itself and for strangers."""
        return module[len(self.package) + 1 :].split(".")[0] if module.startswith(f"{self.package}.") else ""

    def render_broken_contract(self, check: ContractCheck) -> None:
        for problem in check.metadata["problems"]:
            output.print_error(problem, bold=False)
