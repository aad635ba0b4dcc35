// Search over all pages, in the reader's browser: MiniSearch and the sections' texts are loaded when first needed.
"use strict";
(() => {
  const home = document.currentScript.dataset.home;
  const form = document.querySelector("form[role=search]");
  const field = form.querySelector("input"), status = form.querySelector("p"), list = form.querySelector("ol");
  let index;
  form.hidden = false;

  const load = (name) => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    Object.assign(script, { src: home + name, onload: resolve, onerror: reject });
    document.head.append(script);
  });

  async function build() {
    await Promise.all([load("minisearch.js"), load("search_documents.js")]);
    const searchOptions = { boost: { title: 4, page: 2 }, prefix: true, combineWith: "AND",
      fuzzy: (term) => (term.length > 4 ? 0.2 : false) };
    const found = new MiniSearch({ fields: ["title", "page", "text"], storeFields: ["url", "title", "page", "text"],
      searchOptions, tokenize: (text) => text.split(/[^\p{L}\p{N}_]+/u).filter(Boolean) });
    found.addAll(SEARCH_DOCUMENTS);
    return found;
  }

  // a few words around the first place that was found, with what was found marked; only text, never markup
  function excerpt(text, terms) {
    const words = new RegExp(`(${terms.map((term) => term.replace(/[$()*+./?[\\\]^{|}]/g, "\\$&")).join("|")})`, "iu");
    const place = Math.max(text.search(words), 0);
    const start = place < 60 ? 0 : text.lastIndexOf(" ", place - 40) + 1;
    const paragraph = document.createElement("p");
    for (const part of text.slice(start, start + 160).split(new RegExp(words, "giu"))) {
      const node = words.test(part) ? document.createElement("mark") : document.createElement("span");
      node.textContent = part;
      paragraph.append(node);
    }
    return paragraph;
  }

  async function search() {
    const query = field.value.trim();
    if (query.length < 2) {
      list.replaceChildren();
      status.textContent = "";
      return;
    }
    index = index || build();
    const found = (await index).search(query);
    if (query !== field.value.trim()) return; // another letter has come meanwhile
    status.textContent = found.length === 1 ? "1 section found" : `${found.length || "No"} sections found`;
    list.replaceChildren(...found.slice(0, 12).map((hit) => {
      const item = document.createElement("li"), link = document.createElement("a");
      link.href = home + hit.url;
      link.textContent = hit.title === hit.page ? hit.title : `${hit.title} (${hit.page})`;
      item.append(link, excerpt(hit.text, hit.terms));
      return item;
    }));
  }

  field.addEventListener("input", search);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    list.querySelector("a")?.focus();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    field.value = "";
    search();
    field.focus();
  });
})();
