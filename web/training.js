// Draws a pretraining run from the JSON in the page: loss and learning rate by step, and every gate that was looked at.
// A line can be reached with the keyboard and says what it shows.
(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const width = 520, height = 300, margin = { top: 12, right: 16, bottom: 42, left: 56 };
  const colours = ["#0b6e4f", "#c2571a", "#3a5fcd", "#8a3ffc", "#b3372f", "#6b7280", "#0e7490", "#a16207"];

  // `series`: [{id, points: [{x, y}]}]
  function lines(name, caption, yLabel, series, domain) {
    const figure = d3.select(`[data-plot="${name}"]`);
    const colour = d3.scaleOrdinal(colours);
    const points = series.flatMap((s) => s.points);
    if (!points.length) return figure.remove();
    figure.append("figcaption").text(caption);
    const ends = series.map((s) => `${s.id}: ${s.points[0].y.toPrecision(3)} to ${s.points.at(-1).y.toPrecision(3)}`).join("; ");
    const svg = figure.append("svg").attr("viewBox", `0 0 ${width} ${height}`).attr("role", "img").attr("aria-label", `${caption}. ${ends}`);
    const x = d3.scaleLinear().domain([0, d3.max(points, (p) => p.x)]).range([margin.left, width - margin.right]);
    const y = d3.scaleLinear().domain(domain || d3.extent(points, (p) => p.y)).nice().range([height - margin.bottom, margin.top]);
    svg.append("g").attr("class", "axis").attr("transform", `translate(0,${height - margin.bottom})`).call(d3.axisBottom(x).ticks(5, "~s"));
    svg.append("g").attr("class", "axis").attr("transform", `translate(${margin.left},0)`).call(d3.axisLeft(y).ticks(5, y.domain()[1] < 0.01 ? "~e" : undefined));
    svg.append("text").attr("x", (margin.left + width - margin.right) / 2).attr("y", height - 6).attr("text-anchor", "middle").text("steps");
    svg.append("text").attr("transform", `translate(13,${(margin.top + height - margin.bottom) / 2}) rotate(-90)`).attr("text-anchor", "middle").text(yLabel);
    series.forEach((s) => {
      const mark = svg.append("path").attr("tabindex", 0).attr("fill", "none").attr("stroke", colour(s.id)).attr("stroke-width", 1.5)
        .attr("d", d3.line().x((p) => x(p.x)).y((p) => y(p.y))(s.points));
      mark.append("title").text(`${s.id}: ${s.points.at(-1).y.toPrecision(3)} at step ${s.points.at(-1).x}`);
      s.points.filter(() => s.points.length < 40).forEach((p) => svg.append("circle").attr("cx", x(p.x)).attr("cy", y(p.y)).attr("r", 2.5).attr("fill", colour(s.id))
        .append("title").text(`${s.id}: ${p.y.toPrecision(3)} at step ${p.x}`));
    });
    if (series.length > 1) {
      const key = figure.append("p").attr("class", "what");
      series.forEach((s, i) => key.append("span").style("color", colour(s.id)).text(`${i ? " · " : ""}${s.id}`));
    }
  }

  const steps = (key) => data.steps.filter((s) => typeof s[key] === "number").map((s) => ({ x: s.step, y: s[key] }));
  lines("loss", "Loss, mean of the steps since the last line", "nats a learnt token", [{ id: "loss", points: steps("loss") }]);
  lines("rate", "Learning rate", "learning rate", [{ id: "learning rate", points: steps("learning_rate") }]);
  // No more lines in one picture than there are colours to tell them apart.
  const groups = [
    ["reading", "Reading", /^(read|absent|present|reworded|closed)/],
    ["labels", "Labels", /^(labels|flipped|natural)/],
    ["forms", "Formats, JSON and sums", /./],
  ];
  let gates = [...new Set(data.probes.flatMap((p) => Object.keys(p.probe.gates)))];
  for (const [name, caption, pattern] of groups) {
    const own = gates.filter((id) => pattern.test(id));
    gates = gates.filter((id) => !own.includes(id));
    lines(name, `${caption}: gates by step`, "share right", own.map((id) => ({
      id, points: data.probes.filter((p) => p.probe.gates[id]).map((p) => ({ x: p.step, y: p.probe.gates[id].estimate })),
    })), [0, 1]);
  }
})();
