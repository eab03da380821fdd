"""Put the README into the package's metadata with links that also work on a package index."""

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class LinkedReadme(MetadataHookInterface):
    """Set `readme` and, if the repository's address is known, `urls`."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Change the metadata in place; the release workflow sets the address in ENCEE_REPOSITORY."""
        repository = os.environ.get("ENCEE_REPOSITORY")
        version = re.search(r'__version__ = "(.+)"', Path(self.root, "encee/__init__.py").read_text(encoding="utf-8"))
        readme = Path(self.root, "README.md").read_text(encoding="utf-8")
        if repository and version:
            metadata["urls"] = {"Source": repository}
            readme = link_to(readme, f"{repository}/%s/v{version[1]}")
        else:
            readme = without_links(readme)
        metadata["readme"] = {"content-type": "text/markdown", "text": readme}


_RELATIVE = r"\((?!https://|#)([^)\s]+)\)"


def link_to(readme: str, files: str) -> str:
    """Make links to files of the repository absolute; `files` has %s where GitHub wants `blob` or `raw`."""
    readme = re.sub(rf"(!\[[^\]]*\]){_RELATIVE}", rf"\1({files % 'raw'}/\2)", readme)
    return re.sub(rf"(\]){_RELATIVE}", rf"\1({files % 'blob'}/\2)", readme)


def without_links(readme: str) -> str:
    """Keep the texts of links to files of the repository, and remove its pictures."""
    readme = re.sub(rf"!\[[^\]]*\]{_RELATIVE}\n\n", "", readme)
    return re.sub(rf"\[((?:[^\[\]]|\[\w+\])+)\]{_RELATIVE}", r"\1", readme)
