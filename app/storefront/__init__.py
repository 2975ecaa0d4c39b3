"""The shop: a page at `/` that sells through the public API, as any other frontend would.

It knows nothing of the service but its addresses under `/v1`. Plain HTML, CSS and JavaScript
modules in `static/`, served as they are written: `index.html` is the frame, `main.js` shows one
view for each address behind the `#`.
"""

from app.storefront.pages import build_shop

__all__ = ["build_shop"]
