// As much of a browser as a sign-on without JavaScript needs: cookies, redirects, one form.
export class Browser {
  #cookies = new Map();
  #end;

  /** `end` is the redirect URI: the walk stops there and nothing is fetched from it. */
  constructor(end) {
    this.#end = end;
  }

  /** Follows `url` to the sign-on page, fills it in, and returns the URL where the client waits. */
  async signOn(url, username, password) {
    const page = await this.#walk(url);
    if (page.landed) return page.landed;
    const form = readForm(page);
    form.fields.set(form.usernameField, username);
    form.fields.set(form.passwordField, password);
    const next = await this.#walk(form.action, { method: 'POST', body: form.fields });
    if (!next.landed) throw new Error(`not signed on: ${next.status} ${next.url}\n${next.html}`);
    return next.landed;
  }

  /** Connects the device of a page: signs on, and sends each form as it stands until there is none. */
  async connect(url, username, password) {
    let page = await this.#walk(url);
    for (let forms = 0; forms < 5; forms += 1) {
      const form = readForms(page).find(({ action }) => action.href.startsWith(page.url.origin));
      if (!form) return page.html;
      if (form.passwordField) {
        form.fields.set(form.usernameField, username);
        form.fields.set(form.passwordField, password);
      }
      page = await this.#walk(form.action, { method: 'POST', body: form.fields });
    }
    throw new Error(`too many forms, the last at ${page.url}\n${page.html}`);
  }

  async #walk(url, init = {}) {
    let request = { method: 'GET', ...init };
    let at = new URL(url);
    for (let hops = 0; hops < 10; hops += 1) {
      if (at.href.startsWith(this.#end)) return { landed: at };
      const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const headers = { accept: 'text/html', ...(cookie && { cookie }) };
      const answer = await fetch(at, { ...request, headers, redirect: 'manual' });
      for (const line of answer.headers.getSetCookie()) {
        const [pair] = line.split(';');
        const [name, ...value] = pair.split('=');
        this.#cookies.set(name.trim(), value.join('='));
      }
      const location = answer.headers.get('location');
      if (!location) return { url: at, status: answer.status, html: await answer.text() };
      at = new URL(location, at);
      request = { method: 'GET' };
    }
    throw new Error(`too many redirects, the last to ${at}`);
  }
}

function readForm(page) {
  const form = readForms(page).find(({ passwordField }) => passwordField);
  if (!form) throw new Error(`no sign-on form at ${page.url}\n${page.html}`);
  return form;
}

/** The forms of a page, each with the values that it comes with. */
function readForms({ url, html }) {
  const forms = html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi);
  return [...forms].map(([, attributes, body]) => {
    const inputs = [...body.matchAll(/<input\b([^>]*)>/gi)].map(([, text]) => read(text));
    const visible = (input) => !['hidden', 'password', 'submit', 'checkbox'].includes(input.type);
    const fields = new URLSearchParams();
    for (const input of inputs) {
      if (input.type === 'hidden' || visible(input)) fields.set(input.name, input.value ?? '');
    }
    return {
      action: new URL(read(attributes).action ?? url, url),
      usernameField: inputs.find(visible)?.name,
      passwordField: inputs.find((input) => input.type === 'password')?.name,
      fields,
    };
  });
}

function read(attributes) {
  const pairs = attributes.matchAll(/([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/gi);
  const unescape = (text) =>
    text
      .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
      .replace(/&#x([0-9a-f]+);/gi, (_, code) => String.fromCodePoint(parseInt(code, 16)))
      .replaceAll('&quot;', '"')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&');
  return Object.fromEntries(
    [...pairs].map(([, name, a, b, c]) => [name.toLowerCase(), unescape(a ?? b ?? c)]),
  );
}
