"""What follows from where the course is published: canonical addresses, previews in chats, the page for lost readers.

Before somebody has said where (``make publish OWNER/REPOSITORY``), no page has a button or badge that leads nowhere.
"""

from __future__ import annotations

from blocks import ROOT, repository

PREVIEW = ROOT / "images" / "gallery.jpg"


def follow_the_address(app, config) -> None:
    """Fill in the settings that depend on the repository's address."""
    address = repository()
    config.html_static_path.append(str(PREVIEW))
    config.ogp_site_name = config.html_title
    config.notfound_context = {
        "title": "Page not found",
        "body": "<h1>This page is not here</h1><p>Chapters were put between others, so numbers have changed. The list "
        "on the left has all pages; the search finds words in them.</p>",
    }
    config.ogp_image_alt = "Photos, styles, and the photos repainted in these styles"
    if address.is_published:
        config.html_baseurl = config.ogp_site_url = address.pages
        config.ogp_image = f"{address.pages}_static/{PREVIEW.name}"
        config.notfound_urls_prefix = "/" + address.pages.split("/", 3)[3]
    else:
        config.notfound_urls_prefix = "/"
        config.html_theme_options |= {"use_repository_button": False, "use_issues_button": False, "repository_url": ""}


def setup(app) -> dict:
    app.connect("config-inited", follow_the_address)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
