// What holds for every page. Gives a sentence for each thing that breaks a rule.
const broken = [];
const all = (selector) => [...document.querySelectorAll(selector)];
const say = (rule, element) => broken.push(`${rule}: ${element.outerHTML.slice(0, 160)}`);
const words = (element) => (element?.textContent ?? "").trim();
const isShown = (element) => element.checkVisibility({ visibilityProperty: true });

// A document that says what it is.
if (!document.documentElement.lang) broken.push("the language isn't said");
if (!document.title.trim()) broken.push("the page has no title");
if (all("main").length !== 1) broken.push(`there are ${all("main").length} main parts`);
const skipped = document.querySelector("a.skip")?.hash || "#nowhere";
if (!document.querySelector(skipped)) broken.push("the skip link leads nowhere");

// Headings: one of the first level, none left out on the way down.
const levels = all("h1, h2, h3, h4, h5, h6").filter(isShown).map((heading) => Number(heading.tagName[1]));
if (levels[0] !== 1 || levels.lastIndexOf(1) !== 0) broken.push(`headings begin ${levels}`);
levels.forEach((level, at) => { if (at && level > levels[at - 1] + 1) broken.push(`headings jump: ${levels}`); });

// Everything has a name.
for (const image of all("img")) if (!image.hasAttribute("alt")) say("a picture without words", image);
for (const drawing of all("svg[role=img]")) {
  if (!drawing.getAttribute("aria-label") && !drawing.querySelector("title")) say("a drawing without a name", drawing);
}
for (const field of all("input:not([type=hidden]), select, textarea")) {
  const isNamed = [...field.labels].some(words) || field.getAttribute("aria-label");
  if (!isNamed) say("a field without a label", field);
}
for (const target of all("button, a[href], summary")) {
  if (!words(target) && !target.getAttribute("aria-label")) say("nothing to call it by", target);
}
for (const landmark of all("nav, aside")) if (!landmark.getAttribute("aria-label")) say("a part without a name", landmark);

// What is referred to is there, once.
const ids = all("[id]").map((element) => element.id);
const twice = ids.filter((id, at) => ids.indexOf(id) !== at);
if (twice.length) broken.push(`ids that are there twice: ${twice}`);
for (const attribute of ["aria-describedby", "aria-labelledby", "for", "list"]) {
  for (const element of all(`[${attribute}]`)) {
    const isThere = element.getAttribute(attribute).split(/\s+/).every((id) => document.getElementById(id));
    if (!isThere) say(`${attribute} leads nowhere`, element);
  }
}

// A finger hits it (WCAG 2.2, 2.5.8), and nothing is wider than the screen.
for (const target of all("button, select, input:not([type=hidden]), summary").filter(isShown)) {
  const { width, height } = target.getBoundingClientRect();
  const { height: label } = target.labels?.[0]?.getBoundingClientRect() ?? { height: 0 };
  if (width && (width < 16 || Math.max(height, label) < 24)) say(`too small, ${width} by ${height}`, target);
}
// A telephone makes its window as wide as what is in it: innerWidth would never be too small.
const { scrollWidth, clientWidth } = document.documentElement;
const beyond = scrollWidth - clientWidth;
if (beyond > 0) broken.push(`${beyond} pixels wider than the screen`);
return broken;
