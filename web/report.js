// Draws the report's plots and its table of items from the JSON in the page. Plain SVG through d3: every mark has a
// title that a screen reader speaks, and can be reached with the keyboard.
(function () {
  "use strict";
  const result = JSON.parse(document.getElementById("result").textContent);
  const colour = d3.scaleOrdinal(["#0b6e4f", "#c2571a", "#3a5fcd", "#8a3ffc", "#b3372f", "#6b7280", "#0e7490", "#a16207"]);
  const width = 520, height = 300, margin = { top: 12, right: 150, bottom: 42, left: 52 };

  function canvas(figure, caption, description) {
    figure.append("figcaption").text(caption);
    const svg = figure.append("svg").attr("viewBox", `0 0 ${width} ${height}`).attr("role", "img").attr("aria-label", description);
    return svg;
  }

  function axes(svg, x, y, xLabel, yLabel, xTicks) {
    svg.append("g").attr("class", "axis").attr("transform", `translate(0,${height - margin.bottom})`).call(xTicks);
    svg.append("g").attr("class", "axis").attr("transform", `translate(${margin.left},0)`).call(d3.axisLeft(y).ticks(5));
    svg.append("text").attr("x", (margin.left + width - margin.right) / 2).attr("y", height - 6).attr("text-anchor", "middle").text(xLabel);
    svg.append("text").attr("transform", `translate(13,${(margin.top + height - margin.bottom) / 2}) rotate(-90)`).attr("text-anchor", "middle").text(yLabel);
  }

  // The recipes that nothing else beats in both quality and cost, cheapest first.
  function paretoFront(recipes) {
    let best = -Infinity;
    return recipes.slice().sort((a, b) => a.cost.per_1000_calls - b.cost.per_1000_calls || b.quality.estimate - a.quality.estimate)
      .filter((r) => r.quality.estimate > best && ((best = r.quality.estimate), true));
  }

  // Names stand in a column at the right edge, in the order of their marks, joined to them by a thin line.
  function nameMarks(svg, marks) {
    const step = 13, top = margin.top + 6, bottom = height - margin.bottom + 4;
    const placed = marks.map((mark) => ({ ...mark, at: mark.y })).sort((a, b) => a.y - b.y);
    placed.forEach((mark, i) => { mark.at = Math.max(mark.at, i ? placed[i - 1].at + step : top); });
    for (let i = placed.length - 1, limit = bottom; i >= 0; --i, limit = placed[i + 1].at - step) placed[i].at = Math.min(placed[i].at, limit);
    const x = width - margin.right + 14;
    placed.forEach((mark) => {
      svg.append("line").attr("class", "leader").attr("x1", mark.x).attr("y1", mark.y).attr("x2", x - 3).attr("y2", mark.at);
      svg.append("circle").attr("cx", x + 2).attr("cy", mark.at).attr("r", 3).attr("fill", colour(mark.id));
      svg.append("text").attr("x", x + 9).attr("y", mark.at + 4).text(mark.id);
    });
  }

  function qualityPlot(figure, entry) {
    const recipes = entry.recipes, metric = entry.task.metric, currency = recipes[0].cost.currency;
    const svg = canvas(figure, "Quality against cost, with 95% intervals",
      `Quality against cost per 1,000 calls. ${recipes.map((r) => `${r.id}: ${r.quality.estimate.toFixed(2)} at ${r.cost.per_1000_calls.toPrecision(2)}`).join("; ")}`);
    const costs = recipes.map((r) => Math.max(r.cost.per_1000_calls, 1e-9));
    const x = d3.scaleLog().domain([d3.min(costs) / 1.5, d3.max(costs) * 1.5]).range([margin.left, width - margin.right]);
    const y = d3.scaleLinear().domain([0, 1]).range([height - margin.bottom, margin.top]);
    axes(svg, x, y, `${currency} per 1,000 calls`, metric, d3.axisBottom(x).ticks(3, ".1g"));
    const target = entry.task.target;
    if (target) {
      svg.append("line").attr("class", "target").attr("x1", margin.left).attr("x2", width - margin.right).attr("y1", y(target)).attr("y2", y(target))
        .append("title").text(`target ${target}`);
    }
    svg.append("path").attr("class", "front").attr("d", d3.line().x((r) => x(Math.max(r.cost.per_1000_calls, 1e-9))).y((r) => y(r.quality.estimate)).curve(d3.curveStepAfter)(paretoFront(recipes)));
    nameMarks(svg, recipes.map((r, i) => ({ id: r.id, x: x(costs[i]), y: y(r.quality.estimate) })));
    recipes.forEach((r, i) => {
      const g = svg.append("g").attr("tabindex", 0).attr("stroke", colour(r.id)).attr("fill", colour(r.id));
      g.append("title").text(`${r.id}: ${r.quality.estimate.toFixed(2)} [${r.quality.low.toFixed(2)}, ${r.quality.high.toFixed(2)}], ${r.cost.per_1000_calls.toPrecision(2)} ${currency} per 1,000 calls`);
      g.append("line").attr("x1", x(costs[i])).attr("x2", x(costs[i])).attr("y1", y(r.quality.low)).attr("y2", y(r.quality.high));
      g.append("circle").attr("cx", x(costs[i])).attr("cy", y(r.quality.estimate)).attr("r", r.id === entry.verdict.recipe ? 6 : 4);
    });
  }

  // Where the verdict's recipe and its nearest rival cost the same: the interval of that number of calls, as far as it is
  // on the page.
  function breakEvenBand(svg, x, entry, last) {
    const rivals = Object.entries(entry.verdict.break_even_calls || {}).filter(([, b]) => b.calls !== null && b.calls > 100 && b.calls < last);
    if (!rivals.length) return;
    const [rival, band] = rivals.reduce((a, b) => (a[1].calls < b[1].calls ? a : b));
    const low = Math.max(100, band.low === null ? 100 : band.low), high = Math.min(last, band.high === null ? last : band.high);
    svg.append("rect").attr("class", "band").attr("fill", "currentColor").attr("x", x(low)).attr("width", Math.max(1, x(high) - x(low))).attr("y", margin.top).attr("height", height - margin.top - margin.bottom)
      .append("title").text(`${entry.verdict.recipe} and ${rival} cost the same at ${d3.format(",.0f")(band.calls)} calls (${d3.format(",.0f")(band.low || 0)} to ${band.high === null ? "never" : d3.format(",.0f")(band.high)})`);
  }

  function costPlot(figure, entry) {
    const recipes = entry.recipes, currency = recipes[0].cost.currency;
    const volume = entry.task.calls_per_month || 1000, last = Math.max(volume * 24, 1000);
    const svg = canvas(figure, "Cost over the calls made", `Cumulative cost in ${currency} against the number of calls, a line for each recipe.`);
    const cost = (r, calls) => r.cost.upfront + r.cost.per_1000_calls * calls / 1000;
    const x = d3.scaleLog().domain([100, last]).range([margin.left, width - margin.right]);
    const y = d3.scaleLinear().domain([0, d3.max(recipes, (r) => cost(r, last)) || 1]).nice().range([height - margin.bottom, margin.top]);
    axes(svg, x, y, "calls", currency, d3.axisBottom(x).ticks(4, "~s"));
    const points = d3.range(0, 1.0001, 0.02).map((t) => Math.exp(Math.log(100) + t * (Math.log(last) - Math.log(100))));
    const year = volume * 12;
    if (year > 100 && year < last) {
      svg.append("line").attr("class", "target").attr("x1", x(year)).attr("x2", x(year)).attr("y1", margin.top).attr("y2", height - margin.bottom)
        .append("title").text(`a year at ${volume} calls a month`);
      svg.append("text").attr("x", x(year) - 4).attr("y", margin.top + 8).attr("text-anchor", "end").text("one year");
    }
    breakEvenBand(svg, x, entry, last);
    recipes.forEach((r) => {
      svg.append("path").attr("tabindex", 0).attr("fill", "none").attr("stroke", colour(r.id)).attr("stroke-width", r.id === entry.verdict.recipe ? 3 : 1.5)
        .attr("d", d3.line().x((c) => x(c)).y((c) => y(cost(r, c)))(points))
        .append("title").text(`${r.id}: ${r.cost.upfront.toPrecision(2)} ${currency} up front, ${r.cost.per_1000_calls.toPrecision(2)} per 1,000 calls`);
    });
    nameMarks(svg, recipes.map((r) => ({ id: r.id, x: x(last), y: y(cost(r, last)) })));
  }

  // ---- curves ----

  // A curve with its band and points; `series` is [{id, points: [{x, estimate, low, high, label}], band: [{x, estimate, low, high}]}].
  function curvePlot(figure, caption, xLabel, yLabel, series, options) {
    const all = series.flatMap((s) => s.points.concat(s.band || []));
    const spoken = series.map((s) => `${s.id}: ${s.points.map((p) => `${p.estimate.toFixed(2)} at ${d3.format("~s")(p.x)}`).join(", ")}`).join("; ");
    const svg = canvas(figure, caption, `${caption}. ${spoken}`);
    const [least, most] = d3.extent(all, (p) => p.x);
    const x = (options.log ? d3.scaleLog() : d3.scaleLinear()).domain(least === most ? [least * 0.5, most * 1.5 + 1] : [least, most]).range([margin.left, width - margin.right]);
    const y = d3.scaleLinear().domain([0, Math.min(1, d3.max(all, (p) => p.high) * 1.1) || 1]).range([height - margin.bottom, margin.top]);
    axes(svg, x, y, xLabel, yLabel, d3.axisBottom(x).ticks(4, "~s"));
    series.forEach((s) => {
      const line = d3.line().x((p) => x(p.x)).y((p) => y(p.estimate));
      const path = s.band || s.points;
      if (s.band) svg.append("path").attr("class", "band").attr("fill", colour(s.id)).attr("d", d3.area().x((p) => x(p.x)).y0((p) => y(p.low)).y1((p) => y(p.high))(s.band));
      svg.append("path").attr("fill", "none").attr("stroke", colour(s.id)).attr("stroke-width", 1.5).attr("d", line(path));
      s.points.forEach((p) => {
        const g = svg.append("g").attr("tabindex", 0).attr("stroke", colour(s.id)).attr("fill", colour(s.id));
        g.append("title").text(`${s.id}, ${p.label}: ${p.estimate.toFixed(2)} [${p.low.toFixed(2)}, ${p.high.toFixed(2)}]`);
        g.append("line").attr("x1", x(p.x)).attr("x2", x(p.x)).attr("y1", y(p.low)).attr("y2", y(p.high));
        g.append("circle").attr("cx", x(p.x)).attr("cy", y(p.estimate)).attr("r", 3.5);
      });
    });
    if (options.mark !== undefined) {
      svg.append("line").attr("class", "target").attr("x1", x(options.mark)).attr("x2", x(options.mark)).attr("y1", margin.top).attr("y2", height - margin.bottom);
      svg.append("text").attr("x", x(options.mark) - 4).attr("y", margin.top + 8).attr("text-anchor", "end").text(options.markLabel);
    }
    nameMarks(svg, series.map((s) => { const last = (s.band || s.points).at(-1); return { id: s.id, x: x(last.x), y: y(last.estimate) }; }));
  }

  function interval(x, estimate, label) {
    return { x, estimate: estimate.estimate, low: estimate.low, high: estimate.high, label };
  }

  function learningPlot(figure, entry) {
    const curve = entry.investigation && entry.investigation.learning_curve;
    if (!curve) return figure.remove();
    const fit = curve.fit, most = d3.max(fit.points, (p) => p.amount), gain = fit.gain_of_doubling;
    const points = fit.points.map((p) => interval(p.amount, p.quality, `${p.amount} examples`));
    const band = fit.band.map((p) => ({ x: p.amount, estimate: p.estimate, low: p.low, high: p.high }));
    const signed = d3.format("+.2f");
    curvePlot(figure, `Twice the training examples: ${signed(gain.low)} to ${signed(gain.high)}`, "training examples", entry.task.metric,
      [{ id: curve.recipe, points, band }], { log: true, mark: most, markLabel: "measured up to here" });
  }

  function demonstrationPlot(figure, entry) {
    const curve = entry.investigation && entry.investigation.demonstration_curve;
    if (!curve) return figure.remove();
    const start = curve.points.filter((p) => p.shown === 0);
    const series = ["fixed", "nearest"].map((choice) => ({
      id: choice,
      points: start.concat(curve.points.filter((p) => p.choice === choice && p.shown > 0)).map((p) => interval(p.prompt_tokens, p.quality, `${p.shown} shown, ${Math.round(p.prompt_tokens)} tokens`)),
    })).filter((s) => s.points.length > 1);
    if (!series.length) return figure.remove();
    curvePlot(figure, "Fixed and nearest demonstrations at equal tokens", "tokens in the prompt", entry.task.metric, series, {});
  }

  function samplesPlot(figure, entry) {
    const curve = entry.investigation && entry.investigation.sample_curve;
    if (!curve || curve.length < 2) return figure.remove();
    const kinds = [["any draw right", "any_right"], ["majority right", "majority_right"], ["all draws right", "all_right"]];
    curvePlot(figure, `${entry.investigation.probes.recipe} asked several times`, "draws", "share of items",
      kinds.map(([id, key]) => ({ id, points: curve.map((p) => interval(p.samples, p[key], `${p.samples} draws`)) })), {});
  }

  // Every single call as a dot, warm above and cold below the line, on one axis for all recipes.
  function latencyPlot(figure, entry) {
    const recipes = entry.recipes.filter((r) => r.latency_seconds && r.latency_seconds.length);
    if (!recipes.length) return figure.remove();
    const rowHeight = 34, bottom = 42, tall = margin.top + rowHeight * recipes.length + bottom;
    const ms = (r) => r.latency_seconds.concat(r.cold_latency_seconds || []).map((s) => Math.max(s * 1000, 1e-3));
    const svg = canvas(figure, "Latency of single calls", `Latency. ${recipes.map((r) => `${r.id}: median ${r.latency_ms.p50.toFixed(1)} ms, 95th percentile ${r.latency_ms.p95.toFixed(1)} ms`).join("; ")}`)
      .attr("viewBox", `0 0 ${width} ${tall}`);
    const x = d3.scaleLog().domain(d3.extent(recipes.flatMap(ms))).nice().range([margin.left + 90, width - 12]);
    svg.append("g").attr("class", "axis").attr("transform", `translate(0,${tall - bottom})`).call(d3.axisBottom(x).ticks(4, "~s"));
    svg.append("text").attr("x", (margin.left + 90 + width - 12) / 2).attr("y", tall - 6).attr("text-anchor", "middle").text("ms a call; filled: prefix in memory, open: nothing in memory");
    recipes.forEach((r, i) => {
      const middle = margin.top + rowHeight * (i + 0.5);
      const g = svg.append("g").attr("tabindex", 0);
      g.append("title").text(`${r.id}: median ${r.latency_ms.p50.toFixed(1)} ms, 95th percentile ${r.latency_ms.p95.toFixed(1)} ms, ${r.latency_seconds.length} calls; cold ${r.latency_ms.cold_mean.toFixed(1)} ms`);
      g.append("text").attr("x", margin.left + 82).attr("y", middle + 4).attr("text-anchor", "end").text(r.id);
      g.append("line").attr("stroke", colour(r.id)).attr("x1", x(Math.max(r.latency_ms.p50, 1e-3))).attr("x2", x(Math.max(r.latency_ms.p95, 1e-3))).attr("y1", middle).attr("y2", middle).attr("stroke-width", 3);
      const dots = (seconds, y, fill) => (seconds || []).forEach((s) => g.append("circle").attr("cx", x(Math.max(s * 1000, 1e-3))).attr("cy", y).attr("r", 2.5).attr("fill", fill).attr("stroke", colour(r.id)).attr("opacity", 0.7));
      dots(r.latency_seconds, middle - 7, colour(r.id));
      dots(r.cold_latency_seconds, middle + 7, "none");
    });
  }

  // ---- the race of a search under a budget ----

  const mostRaceWidth = 680, leastRaceWidth = 320;

  // Who went furthest first: the confirmed in their order, then by the round in which an arm went, the latest first.
  function raceOrder(search) {
    const place = (arm) => { const at = search.confirmed.indexOf(arm.id); return at < 0 ? search.confirmed.length : at; };
    return search.arms.filter((arm) => arm.dev.n > 0)
      .sort((a, b) => place(a) - place(b) || b.round - a.round || b.dev.estimate - a.dev.estimate);
  }

  // A row an arm: its interval over the dev items that it answered, and what became of it. As wide as the page leaves
  // room for, so that the words keep their size on a phone. A list to a screen reader, a row an item.
  function racePlot(figure, entry) {
    const search = entry.search;
    const arms = search ? raceOrder(search) : [];
    if (!arms.length) return figure.remove();
    const wide = Math.max(leastRaceWidth, Math.min(mostRaceWidth, figure.node().clientWidth || mostRaceWidth));
    const rowHeight = 36, top = 6, bottom = 40, side = 10, tall = top + rowHeight * arms.length + bottom;
    const silent = search.arms.length - arms.length;
    const fateOf = (arm) => (arm.fate === "confirmed" ? (arm.id === entry.verdict.recipe ? "met the test, verdict" : "met the test") : arm.fate);
    const told = (arm) => `${arm.id}: ${arm.dev.estimate.toFixed(2)} [${arm.dev.low.toFixed(2)}, ${arm.dev.high.toFixed(2)}] on ${arm.dev.n} of ${search.dev_items} dev items; ${fateOf(arm)}${arm.round ? ` in round ${arm.round}` : ""}. ${arm.why}`;
    figure.append("figcaption").text(`The race on ${search.dev_items} dev items: ${search.confirmed.length} of ${search.arms.length} recipes met the test${silent ? `, ${silent} answered no item` : ""}`);
    const svg = figure.append("svg").attr("viewBox", `0 0 ${wide} ${tall}`).style("max-width", `${mostRaceWidth}px`)
      .attr("role", "list").attr("aria-label", `The race: ${arms.length} recipes by how far they went, each with its quality on the dev items that it answered`);
    const x = d3.scaleLinear().domain([0, 1]).range([side, wide - side]);
    svg.append("g").attr("class", "axis").attr("aria-hidden", "true").attr("transform", `translate(0,${tall - bottom})`).call(d3.axisBottom(x).ticks(5));
    svg.append("text").attr("aria-hidden", "true").attr("x", wide / 2).attr("y", tall - 6).attr("text-anchor", "middle").text(`${entry.task.metric} on dev, interval good at every look`);
    const target = entry.task.target;
    if (target) {
      svg.append("line").attr("class", "target").attr("x1", x(target)).attr("x2", x(target)).attr("y1", top).attr("y2", tall - bottom)
        .append("title").text(`target ${target}`);
    }
    arms.forEach((arm, i) => {
      const survived = arm.fate === "confirmed", words = top + rowHeight * i + 12, middle = words + 10;
      const g = svg.append("g").attr("class", survived ? "arm survivor" : "arm fallen").attr("role", "listitem").attr("tabindex", 0).attr("aria-label", told(arm));
      if (survived) g.style("color", colour(arm.id));
      g.append("title").text(told(arm));
      g.append("rect").attr("class", "hit").attr("x", 2).attr("width", wide - 4).attr("y", words - 12).attr("height", rowHeight - 2);
      g.append("text").attr("x", side).attr("y", words).text(`${survived ? "\u2713 " : ""}${arm.id}`);
      g.append("text").attr("class", "fate").attr("x", wide - side).attr("y", words).attr("text-anchor", "end").text(`${fateOf(arm)}, ${arm.dev.n} items`);
      g.append("line").attr("x1", x(arm.dev.low)).attr("x2", x(arm.dev.high)).attr("y1", middle).attr("y2", middle);
      g.append("circle").attr("cx", x(arm.dev.estimate)).attr("cy", middle).attr("r", arm.id === entry.verdict.recipe ? 6 : survived ? 4.5 : 3.5);
    });
  }

  // ---- every item, side by side ----

  function itemsTable(details, entry) {
    const recipes = entry.recipes.filter((r) => r.items && r.items.length);
    if (!recipes.length) return details.remove();
    const causes = (entry.diagnosis && entry.diagnosis.item_causes) || [];
    const filters = details.append("div").attr("class", "filters");
    const select = (label, choices) => {
      const box = filters.append("label").text(`${label} `).append("select");
      box.selectAll("option").data(choices).enter().append("option").attr("value", (d) => d[0]).text((d) => d[1]);
      return box;
    };
    const recipe = select("Recipe", [["", "any"]].concat(recipes.map((r, i) => [String(i), r.id])));
    const outcome = select("Items", [["all", "all"], ["wrong", "wrong"], ["right", "right"], ["differ", "on which recipes differ"], ["none", "no recipe gets right"]]);
    const kinds = [...new Set(causes.filter((c) => c))].sort();
    const cause = kinds.length ? select(`Cause in ${entry.diagnosis.recipe}`, [["", "any"]].concat(kinds.map((c) => [c, c]))) : null;
    const search = filters.append("label").text("Text ").append("input").attr("type", "search").attr("size", 16);
    const count = details.append("p").attr("class", "count").attr("role", "status");
    const table = details.append("div").attr("class", "scroll").append("table");
    const head = table.append("thead").append("tr");
    ["item", "reference"].concat(recipes.map((r) => r.id), causes.length ? ["cause"] : []).forEach((name) => head.append("th").attr("scope", "col").text(name));
    const body = table.append("tbody");

    function shown(row, index) {
      const mode = outcome.property("value"), only = recipe.property("value");
      const right = row.map((item) => item.score >= 1);
      const judged = only === "" ? right : [right[Number(only)]];
      if (mode === "wrong" && judged.every((v) => v)) return false;
      if (mode === "right" && !judged.some((v) => v)) return false;
      if (mode === "differ" && right.every((v) => v === right[0])) return false;
      if (mode === "none" && right.some((v) => v)) return false;
      if (cause && cause.property("value") && causes[index] !== cause.property("value")) return false;
      const wanted = search.property("value").toLowerCase();
      return !wanted || [row[0].id, row[0].reference].concat(row.map((item) => item.answer)).some((text) => text.toLowerCase().includes(wanted));
    }

    function cell(line, item) {
      const td = line.append("td").attr("class", item.score >= 1 ? "right" : "wrong");
      td.append("span").attr("class", "mark").text(item.score >= 1 ? "✓ " : item.score > 0 ? `${item.score.toFixed(2)} ` : "✗ ");
      td.append("span").text(item.answer || "(empty)");
      const more = [item.detail, item.sources.length ? `passages: ${item.sources.join(", ")}` : "", item.prompt_sha256 ? `prompt ${item.prompt_sha256.slice(0, 12)}` : ""].filter((t) => t);
      if (more.length) td.attr("title", more.join("\n"));
    }

    function draw() {
      const rows = recipes[0].items.map((item, i) => ({ index: i, items: recipes.map((r) => r.items[i]) })).filter((row) => shown(row.items, row.index));
      count.text(`${rows.length} of ${recipes[0].items.length} items`);
      body.selectAll("tr").remove();
      rows.forEach((row) => {
        const line = body.append("tr");
        line.append("th").attr("scope", "row").text(row.items[0].id);
        line.append("td").text(row.items[0].reference);
        row.items.forEach((item) => cell(line, item));
        if (causes.length) line.append("td").text(causes[row.index] || "");
      });
    }
    [recipe, outcome, cause].forEach((box) => box && box.on("change", draw));
    search.on("input", draw);
    const drawOnce = () => { if (details.property("open") && !body.selectAll("tr").size()) draw(); };
    details.on("toggle", drawOnce);
    drawOnce();
  }

  // On paper nothing can be unfolded: everything but the long table of items is, and that too if someone opened it.
  window.addEventListener("beforeprint", () => document.querySelectorAll("details:not(.items)").forEach((d) => { d.open = true; }));

  document.querySelectorAll("section.task").forEach((section) => {
    const entry = result.tasks[Number(section.dataset.task)];
    const root = d3.select(section);
    qualityPlot(root.select('[data-plot="quality"]'), entry);
    costPlot(root.select('[data-plot="cost"]'), entry);
    racePlot(root.select('[data-plot="race"]'), entry);
    learningPlot(root.select('[data-plot="learning"]'), entry);
    demonstrationPlot(root.select('[data-plot="demonstrations"]'), entry);
    samplesPlot(root.select('[data-plot="samples"]'), entry);
    latencyPlot(root.select('[data-plot="latency"]'), entry);
    itemsTable(root.select("details.items"), entry);
  });
})();
