// The iframe of OpenID Connect Session Management 1.0, 3.2: a client's page posts its client id and
// the session_state that it was given, and is told whether that still holds.
"use strict";
(() => {
  const browserState = () => {
    const cookie = document.cookie.split("; ").find((it) => it.startsWith("ST-STATE="));
    return cookie ? cookie.slice("ST-STATE=".length) : "";
  };
  const hash = async (text) => {
    const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return btoa(String.fromCharCode(...new Uint8Array(bytes)))
      .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  };
  const judge = async (message, origin) => {
    if (typeof message !== "string" || message.length > 1024) return "error";
    const space = message.lastIndexOf(" ");
    const dot = message.lastIndexOf(".");
    if (space < 1 || dot < space + 2 || dot + 1 === message.length) return "error";
    const client = message.slice(0, space);
    const salt = message.slice(dot + 1);
    const expected = `${await hash(`${client} ${origin} ${browserState()} ${salt}`)}.${salt}`;
    return expected === message.slice(space + 1) ? "unchanged" : "changed";
  };
  window.addEventListener("message", async (event) => {
    // Only whoever embeds this page is answered, and only where it said it is.
    if (event.source !== window.parent || !/^https?:/.test(event.origin)) return;
    let answer = "error";
    try {
      answer = await judge(event.data, event.origin);
    } catch {
      // No cryptography outside of secure contexts.
    }
    event.source.postMessage(answer, event.origin);
  });
})();
