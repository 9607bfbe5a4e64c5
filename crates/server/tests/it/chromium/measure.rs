//! What can be measured of a page: accessibility, room, the way with the keyboard.

use countersign_testkit::webdriver::Chromium;
use serde_json::Value;

/// The narrowest screen on which a page must fit (WCAG 2.2, 1.4.10).
const NARROWEST: u32 = 320;

/// Looks at a page, and keeps pictures of it.
pub async fn closely(chromium: &Chromium, name: &str) {
    chromium.screen(1000, 800).await;
    chromium.screenshot(name).await;
    axe(chromium, name).await;
    keyboard(chromium, name).await;
    for width in [NARROWEST, 768, 1920] {
        chromium.screen(width, 800).await;
        fits(chromium, name, width).await;
        if width == NARROWEST {
            chromium.screen(width, 640).await;
            chromium.screenshot(&format!("{name}-phone")).await;
            axe(chromium, name).await;
        }
    }
    chromium.screen(1000, 800).await;
    let complaints = chromium.complaints().await;
    let mut policy = complaints
        .iter()
        .filter(|it| it.contains("Content Security Policy"));
    assert_eq!(policy.next(), None, "{name}");
}

/// Runs axe-core: nothing may be wrong.
async fn axe(chromium: &Chromium, name: &str) {
    let Ok(file) = std::env::var("COUNTERSIGN_TEST_AXE") else {
        panic!("no COUNTERSIGN_TEST_AXE: run `cargo xtask test --only browser`");
    };
    let axe = std::fs::read_to_string(file).unwrap();
    let script = format!(
        "{axe}\nreturn axe.run(document, {{ resultTypes: ['violations'] }}).then((results) => \
         results.violations.map((it) => [it.id, it.impact, it.help, \
         it.nodes.map((node) => node.html + ' ' + node.failureSummary).join('; ')].join(': ')))"
    );
    let found = chromium.run(&script).await;
    let found: Vec<&str> = found
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(found.is_empty(), "{name}: {}", found.join("\n"));
}

/// Nothing sticks out sideways.
async fn fits(chromium: &Chromium, name: &str, width: u32) {
    let wide = "return [...document.querySelectorAll('body, body *')]\
        .filter((it) => it.getClientRects().length && !it.matches('.hidden-text') \
        && (it.getBoundingClientRect().right > innerWidth + 0.5 \
        || it.getBoundingClientRect().left < -0.5)).map((it) => it.outerHTML.slice(0, 120))";
    let found = chromium.run(wide).await;
    assert_eq!(found, serde_json::json!([]), "{name} at {width}");
    let scroll =
        "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
    assert_eq!(chromium.run(scroll).await, 0, "{name} at {width}");
}

/// Everything that a mouse can use can be reached with the tabulator, in the order of reading, and
/// shows that it has the focus.
async fn keyboard(chromium: &Chromium, name: &str) {
    let usable = "document.activeElement.blur(); const all = [...document.querySelectorAll(\
        'a[href], button, input:not([type=hidden]), select, textarea, [tabindex=\"0\"]')]\
        .filter((it) => !it.hidden && it.getClientRects().length); window.usable = all; \
        window.getSelection().removeAllRanges(); return all.length";
    let count = chromium.run(usable).await.as_u64().unwrap();
    // Focus begins where the last one was; the page's own beginning is one step before the first.
    let begin = "document.body.tabIndex = -1; document.body.focus(); \
        document.body.removeAttribute('tabindex')";
    chromium.run(begin).await;
    for at in 0..count {
        chromium.press("\u{e004}").await;
        let place = "const it = document.activeElement; const style = getComputedStyle(it); \
            return [window.usable.indexOf(it), style.outlineStyle !== 'none' \
            && parseFloat(style.outlineWidth) > 0, it.outerHTML.slice(0, 100)]";
        let place = chromium.run(place).await;
        assert_eq!(place[0], at, "{name}: {place}");
        assert_eq!(place[1], true, "{name}: no focus to be seen at {place}");
    }
}
