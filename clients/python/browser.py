"""As much of a browser as a sign-on without JavaScript needs: cookies, redirects, one form."""

import html.parser
import urllib.parse

import httpx


class SignOnForm(html.parser.HTMLParser):
    """The first form of a page that has a password in it."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields = None, {}
        self.username = self.password = None
        self._open = self._done = False
        self.feed(page)
        if not self._done:
            raise SystemExit(f"no sign-on form in {page}")

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if self._done:
            return
        if tag == "form":
            self._open, self.action, self.fields = True, attributes.get("action"), {}
        elif tag == "input" and self._open:
            kind, name = attributes.get("type", "text"), attributes.get("name")
            if kind == "hidden":
                self.fields[name] = attributes.get("value", "")
            elif kind == "password":
                self.password = name
            elif kind not in ("submit", "checkbox"):
                self.username = name

    def handle_endtag(self, tag):
        if tag == "form" and self._open:
            self._open, self._done = False, self.password is not None


class Browser:
    """`end` is the redirect URI: the walk stops there and nothing is fetched from it."""

    def __init__(self, end):
        self._end = end
        self._client = httpx.Client(headers={"accept": "text/html"}, timeout=60)

    def sign_on(self, url, username, password):
        """Follows `url` to the sign-on page, if one comes, fills it in, and returns the URL where
        the client waits."""
        landed, page = self._walk(self._client.get(url))
        if landed is None:
            form = SignOnForm(page.text)
            fields = form.fields | {form.username: username, form.password: password}
            action = urllib.parse.urljoin(str(page.url), form.action or "")
            landed, page = self._walk(self._client.post(action, data=fields))
        if landed is None:
            raise SystemExit(f"not signed on: {page.status_code} {page.url}\n{page.text}")
        return landed

    def _walk(self, answer):
        while answer.is_redirect:
            target = urllib.parse.urljoin(str(answer.url), answer.headers["location"])
            if target.startswith(self._end):
                return target, None
            answer = self._client.get(target)
        return None, answer
