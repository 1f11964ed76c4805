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
    recipes.forEach((r) => {
      svg.append("path").attr("tabindex", 0).attr("fill", "none").attr("stroke", colour(r.id)).attr("stroke-width", r.id === entry.verdict.recipe ? 3 : 1.5)
        .attr("d", d3.line().x((c) => x(c)).y((c) => y(cost(r, c)))(points))
        .append("title").text(`${r.id}: ${r.cost.upfront.toPrecision(2)} ${currency} up front, ${r.cost.per_1000_calls.toPrecision(2)} per 1,000 calls`);
    });
    nameMarks(svg, recipes.map((r) => ({ id: r.id, x: x(last), y: y(cost(r, last)) })));
  }

  function itemsTable(details, entry) {
    const recipes = entry.recipes.filter((r) => r.items && r.items.length);
    if (!recipes.length) return details.remove();
    const filters = details.append("div").attr("class", "filters");
    const only = filters.append("label").text("Show ").append("select");
    const choices = [["all", "every item"], ["differ", "items on which recipes differ"], ["chosen", "items the verdict's recipe gets wrong"], ["none", "items no recipe gets right"]];
    only.selectAll("option").data(choices).enter().append("option").attr("value", (d) => d[0]).text((d) => d[1]);
    const table = details.append("div").attr("class", "scroll").append("table");
    const head = table.append("thead").append("tr");
    ["item", "reference"].concat(recipes.map((r) => r.id)).forEach((name) => head.append("th").attr("scope", "col").text(name));
    const body = table.append("tbody");
    const chosen = recipes.findIndex((r) => r.id === entry.verdict.recipe);
    function draw() {
      const mode = only.property("value");
      const rows = recipes[0].items.map((item, i) => recipes.map((r) => r.items[i])).filter((row) => {
        const right = row.map((item) => item.score >= 1);
        if (mode === "differ") return right.some((v) => v !== right[0]);
        if (mode === "chosen") return chosen >= 0 && !right[chosen];
        if (mode === "none") return right.every((v) => !v);
        return true;
      });
      body.selectAll("tr").remove();
      rows.forEach((row) => {
        const line = body.append("tr");
        line.append("td").text(row[0].id);
        line.append("td").text(row[0].reference);
        row.forEach((item) => line.append("td").attr("class", item.score >= 1 ? "right" : "wrong").text(item.answer || "(empty)"));
      });
    }
    only.on("change", draw);
    details.on("toggle", () => { if (!body.selectAll("tr").size()) draw(); });
  }

  document.querySelectorAll("section.task").forEach((section) => {
    const entry = result.tasks[Number(section.dataset.task)];
    const root = d3.select(section);
    qualityPlot(root.select('[data-plot="quality"]'), entry);
    costPlot(root.select('[data-plot="cost"]'), entry);
    itemsTable(root.select("details.items"), entry);
  });
})();
