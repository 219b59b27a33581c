//! What a person has typed survives a reload of ours, and so does where they were.

use listenfd_tests::eventually;
use serde_json::json;

use super::{open, wait_until_connected};

const PAGE: &str = "<form>
    <input id=name> <input name=first> <input name=second type=email>
    <textarea name=text></textarea>
    <input type=checkbox name=box value=a> <input type=checkbox name=box value=b>
    <select name=color><option>red<option>green<option>blue</select>
    <input type=password id=word> <input name=pass-phrase> <input id=untouched value=old>
  </form>
  <div id=list style='height: 90px; overflow: auto'><div style='height: 900px'>list</div></div>
  <div style='height: 5000px'>long</div>";

const FILL: &str = "
  const by = (name) => document.forms[0].elements[name];
  by('first').value = 'one'; by('second').value = 'a@b.c'; by('text').value = 'some\\ntext';
  by('box')[1].checked = true; by('color').value = 'blue';
  by('word').value = 'secret'; by('pass-phrase').value = 'secret';
  document.getElementById('list').scrollTop = 300;
  window.scrollTo(0, 1200);
  window.isOld = true;
";

const FOUND: &str = "
  const by = (name) => document.forms[0].elements[name];
  const name = by('name');
  return {
    name: name.value, focus: document.activeElement.id, caret: [name.selectionStart, name.selectionEnd],
    first: by('first').value, second: by('second').value, text: by('text').value,
    boxes: [...by('box')].map((box) => box.checked), color: by('color').value,
    word: by('word').value, phrase: by('pass-phrase').value, untouched: by('untouched').value,
    list: document.getElementById('list').scrollTop, window: scrollY,
  };
";

#[test]
fn a_reload_keeps_what_was_typed_and_where_it_was() {
    let Some((browser, server)) = open(PAGE) else { return };
    wait_until_connected(&browser, &server);
    browser.type_into("document.getElementById('name')", "Ada Lovelace");
    browser.run("document.getElementById('name').setSelectionRange(2, 5)");
    browser.run(FILL);
    let page = PAGE.replace("value=old", "value=new").replace("long", "new text");
    server.page("/", &super::page(&page));
    server.run("one-2");
    browser.wait_for("!window.isOld && document.readyState === 'complete' && scrollY > 0");
    wait_until_connected(&browser, &server);
    let found = browser.run(FOUND);
    assert_eq!(
        found,
        json!({
            "name": "Ada Lovelace", "focus": "name", "caret": [2, 5],
            "first": "one", "second": "a@b.c", "text": "some\ntext",
            "boxes": [false, true], "color": "blue",
            "word": "", "phrase": "", "untouched": "new",
            "list": 300, "window": 1200,
        })
    );
}

#[test]
fn another_reload_gives_nothing_back() {
    let Some((browser, server)) = open(PAGE) else { return };
    wait_until_connected(&browser, &server);
    browser.run("document.forms[0].elements.first.value = 'one'");
    server.run("one-2");
    eventually("it does not reload", || server.requests("GET / ") == 2);
    browser.wait_for("document.forms[0]?.elements.first.value === 'one'");
    let left = browser.run("return sessionStorage.getItem('cargo-devserver kept')");
    assert!(left.is_null(), "{left}");
    browser.open(server.url("/"));
    wait_until_connected(&browser, &server);
    assert_eq!(browser.run("return document.forms[0].elements.first.value"), "");
}

#[test]
fn what_a_person_does_meanwhile_wins() {
    let late = "<script>setTimeout(() => {
        const late = document.createElement('input');
        late.id = 'late';
        document.body.append(late);
    }, 300)</script>";
    let Some((browser, server)) = open(&format!("{PAGE}{late}")) else { return };
    wait_until_connected(&browser, &server);
    browser.type_into("document.getElementById('late')", "in a field that a script has made");
    browser.run("window.isOld = true");
    server.run("one-2");
    browser.wait_for("!window.isOld && document.getElementById('name')");
    browser.type_into("document.getElementById('name')", "quick");
    browser.wait_for("document.getElementById('late')?.value.startsWith('in a field')");
    assert_eq!(browser.run("return document.getElementById('name').value"), "quick");
    assert_eq!(browser.run("return document.activeElement.id"), "name");
}
