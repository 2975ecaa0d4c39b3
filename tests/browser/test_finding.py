"""A missing browser: loud where it could be installed, skipped with its reason elsewhere."""

from tests.browser.finding import find_browser, must_have_browser


def test_a_named_browser_is_taken_and_no_other() -> None:
    installed = {"/opt/chrome": "/opt/chrome", "chromium": "/usr/bin/chromium"}

    def which(name: str) -> str | None:
        return installed.get(name)

    assert find_browser({"CHROMIUM": "/opt/chrome"}, which) == "/opt/chrome"
    assert find_browser({"CHROMIUM": "/opt/gone"}, which) is None
    assert find_browser({}, which) == "/usr/bin/chromium"
    assert find_browser({}, lambda _: None) is None


def test_only_a_person_without_root_may_go_on_without_a_browser() -> None:
    assert must_have_browser({"CI": "true"}, 1000)
    assert must_have_browser({}, 0)
    assert not must_have_browser({}, 1000)
