// The gate explorer of notebook 02 where no Python runs behind the page: one step of an LSTM and a GRU of one unit.
// All weights are 1 but the biases of the gates; the GRU's reset gate is left out (wide open, r = 1).
"use strict";
const GateExplorer = (() => {
  const sigmoid = (a) => 1 / (1 + Math.exp(-a));

  // The same equations as helpers/cells.py, which a test holds them to
  function step(x, state, keepBias, writeBias, showBias) {
    const h = Math.tanh(state), candidate = Math.tanh(x + h);
    const f = sigmoid(x + h + keepBias), i = sigmoid(x + h + writeBias), o = sigmoid(x + h + showBias);
    const c = f * state + i * candidate;
    const z = sigmoid(x + h + keepBias);
    return {
      LSTM: { f, i, o, candidate, kept: f * state, written: i * candidate, c, h: o * Math.tanh(c) },
      GRU: { z, "1 − z": 1 - z, candidate, kept: z * h, written: (1 - z) * candidate,
        h: z * h + (1 - z) * candidate },
    };
  }

  const SLIDERS = [ // label, start
    ["input x", 0.5], ["state before", 1.5], ["bias of f and z", 1], ["bias of i", 0], ["bias of o", 0],
  ];
  const MEANING = { f: "forget gate", i: "input gate", o: "output gate", z: "update gate", "1 − z": "its rest",
    candidate: "new content", kept: "kept of the old", written: "written anew", c: "new memory", h: "new state" };
  const LIMIT = 4; // no part is larger: 3 kept and 1 written
  const STYLE = `
    .gate-explorer { max-width: 46rem; margin: 0.5rem 0; padding: 0.5rem 0.8rem; border: 1px solid #bbb; border-radius: 6px;
      font: 15px/1.4 var(--jp-ui-font-family, sans-serif); color: #222; background: #fff; }
    .gate-explorer .sliders label { display: grid; grid-template-columns: 8rem 1fr 3rem; gap: 0.5rem; align-items: center;
      min-height: 2.2rem; }
    .gate-explorer input { width: 100%; margin: 0; }
    .gate-explorer output, .gate-explorer td.value { text-align: right; font-variant-numeric: tabular-nums; }
    .gate-explorer .steps { display: flex; flex-wrap: wrap; gap: 0 1.5rem; }
    .gate-explorer table { flex: 1 1 17rem; min-width: 0; margin: 0.5rem 0; border-collapse: collapse; table-layout: fixed; font-size: 14px; }
    .gate-explorer caption { text-align: left; font-weight: bold; padding: 0.2rem 0; }
    .gate-explorer.gate-explorer :is(tr, th, td) { padding: 1px 4px; text-align: left; font-weight: normal; vertical-align: top;
      white-space: normal; background: none; border: 0; }
    .gate-explorer.gate-explorer td.value { text-align: right; }
    .gate-explorer th { width: 8.5rem; }
    .gate-explorer td.value { width: 3rem; }
    .gate-explorer th small { color: #555; }
    .gate-explorer .bar { position: relative; height: 1.1rem; background: linear-gradient(#888, #888) 50% / 1px 100% no-repeat #f2f2f2; }
    .gate-explorer .bar i { position: absolute; top: 2px; bottom: 2px; print-color-adjust: exact; }
    .gate-explorer button { font: inherit; padding: 0.2rem 0.8rem; }`;
  const COLOURS = { LSTM: "#0072B2", GRU: "#D55E00" }; // as in every figure of the series

  function element(name, properties, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  const written = (value, digits) => value.toFixed(digits).replace("-", "−");

  function draw(place) {
    place.append(element("style", { textContent: STYLE }));
    const fields = SLIDERS.map(([, start]) =>
      element("input", { type: "range", min: -3, max: 3, step: 0.1, value: start }));
    const readouts = SLIDERS.map(() => element("output", {}));
    const labels = SLIDERS.map(([text], number) => element("label", {}, text, fields[number], readouts[number]));
    const sentence = element("p", {});
    sentence.setAttribute("role", "status");
    const start = element("button", { type: "button", textContent: "Back to the start" });
    const bars = {}, tables = Object.entries(step(...SLIDERS.map(([, value]) => value))).map(([name, parts]) => {
      const rows = Object.keys(parts).map((part) => {
        const bar = element("i", {}), value = element("td", { className: "value" });
        bars[`${name} ${part}`] = { bar, value };
        const head = element("th", { scope: "row" }, `${part} `, element("small", { textContent: MEANING[part] }));
        const box = element("td", {}, element("div", { className: "bar" }, bar));
        box.setAttribute("aria-hidden", "true"); // the value beside it says the same
        return element("tr", {}, head, box, value);
      });
      return element("table", {}, element("caption", { textContent: name }), element("tbody", {}, ...rows));
    });

    function update() {
      const values = fields.map((field) => Number(field.value)), now = step(...values);
      readouts.forEach((readout, number) => { readout.textContent = written(values[number], 1); });
      for (const [name, parts] of Object.entries(now)) {
        for (const [part, value] of Object.entries(parts)) {
          const { bar, value: cell } = bars[`${name} ${part}`];
          const width = (50 * Math.abs(value)) / LIMIT;
          bar.style.cssText = `left:${value < 0 ? 50 - width : 50}%;width:${width}%;background:${COLOURS[name]}`;
          cell.textContent = written(value, 2);
          cell.dataset.value = value;
        }
      }
      sentence.textContent = `After this step the LSTM shows h = ${written(now.LSTM.h, 2)} and holds c = ` +
        `${written(now.LSTM.c, 2)}; the GRU's h is ${written(now.GRU.h, 2)}.`;
    }

    fields.forEach((field) => field.addEventListener("input", update));
    start.addEventListener("click", () => {
      fields.forEach((field, number) => { field.value = SLIDERS[number][1]; });
      update();
    });
    const group = element("div", { className: "sliders" }, ...labels);
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "Gate explorer: one step of an LSTM and a GRU");
    place.append(group, start, element("div", { className: "steps" }, ...tables), sentence);
    update();
    // the picture of the start position has done its duty
    const picture = [...(place.closest(".jp-OutputArea")?.querySelectorAll("img") ?? [])].pop();
    if (picture) picture.closest(".jp-OutputArea-child").style.display = "none";
  }

  document.querySelectorAll(".gate-explorer").forEach(draw);
  return { step };
})();
