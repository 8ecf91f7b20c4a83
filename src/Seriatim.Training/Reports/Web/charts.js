// Draws every <script type="application/json" class="chart-data"> of the page into the element before it.
(() => {
  "use strict";
  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const short = v => {
    if (v === 0) return "0";
    const a = Math.abs(v);
    for (const [limit, letter] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]])
      if (a >= limit) return +(v / (letter === "k" ? 1e3 : limit)).toPrecision(3) + letter;
    return a < 1e-3 ? v.toExponential(1) : String(+v.toPrecision(4));
  };

  // A logarithmic axis of base two has a label at each of its lines; one of base ten at powers of ten, if it has two of them.
  const logLabels = (values, base) => {
    const shown = values.filter(v => v > 0), span = Math.log10(Math.max(...shown) / Math.min(...shown));
    const whole = v => Math.abs(Math.log10(v) - Math.round(Math.log10(v))) < 1e-9;
    return values.map(v => v > 0 && (base === 2 || span <= 1.5 || whole(v)) ? short(v) : null);
  };

  function draw(place, chart) {
    const bars = chart.names != null, groups = chart.series.length;
    const tables = chart.series.map((s, i) => [
      bars ? s.x.map(x => x + (i - (groups - 1) / 2) * 0.8 / groups) : s.x,
      chart.logY ? s.y.map(y => y > 0 ? y : null) : s.y]);
    const data = tables.length === 1 ? tables[0] : uPlot.join(tables);
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, labelSize: 16, labelGap: 0,
      font: "11px system-ui", labelFont: "11px system-ui" };
    const names = (u, at) => at.map(v => Number.isInteger(v) ? chart.names[v] ?? "" : "");
    const step = bars ? [1] : undefined;
    // Names that would run into each other stand aslant; a letter of Chinese is as wide as two.
    const longest = bars ? Math.max(...chart.names.map(name => [...name].reduce((sum, c) => sum + (c > "\u2e80" ? 2 : 1), 0))) : 0;
    const crowded = bars && chart.names.length * (6 * longest + 8) > place.clientWidth - 60;
    const options = {
      width: Math.max(200, place.clientWidth), height: 250, padding: [10, 18, 0, 0],
      scales: {
        x: bars ? { time: false, range: [-0.6, chart.names.length - 0.4] } : { time: false, distr: chart.logX ? 3 : 1, log: 2 },
        y: { distr: chart.logY ? 3 : 1,
             range: chart.logY ? undefined : (u, low, high) => {
               if (low == null) return [0, 1];
               const room = (high - low || Math.abs(high) || 1) * 0.08;
               return [bars || (low >= 0 && low < high * 0.4) ? Math.min(0, low) : low - room, bars && high <= 0 ? 0 : high + room];
             } },
      },
      legend: { show: groups > 1, live: true },
      cursor: { drag: { x: false, y: false }, points: { size: 7 } },
      series: [
        { label: chart.x, value: (u, v) => v == null ? "" : bars ? chart.names[Math.round(v)] ?? "" : short(v) },
        ...chart.series.map((s, i) => ({
          label: s.name, stroke: colour(`--c${i % 8}`), width: 2, spanGaps: true, value: (u, v) => v == null ? "" : short(v),
          ...(bars
            ? { fill: colour(`--c${i % 8}`), width: 0, paths: uPlot.paths.bars({ size: [0.8, 60], gap: 1 }), points: { show: false } }
            : { points: { show: s.x.length <= 80, size: 5 } }),
        })),
      ],
      axes: [
        { ...axis, label: chart.x, incrs: step, values: bars ? names : (u, at) => chart.logX ? logLabels(at, 2) : at.map(short),
          ...(bars ? { space: 1 } : {}),
          rotate: crowded ? -35 : 0, size: crowded ? Math.min(120, 24 + 4 * longest) : 30 },
        { ...axis, label: chart.y, size: 52, values: (u, at) => chart.logY ? logLabels(at, 10) : at.map(short) },
      ],
    };
    place.replaceChildren();
    return new uPlot(options, data, place);
  }

  // For pages that draw charts while they grow.
  globalThis.drawChart = draw;

  const all = [...document.querySelectorAll("script.chart-data")].map(script =>
    ({ place: script.previousElementSibling, chart: JSON.parse(script.textContent), plot: null, width: 0 }));
  const again = one => { one.plot?.destroy(); one.width = one.place.clientWidth; one.plot = draw(one.place, one.chart); };
  // Not within the observer's own turn: drawing changes the height, which it would report as a loop.
  const watcher = new ResizeObserver(() => requestAnimationFrame(() =>
    all.forEach(one => { if (one.width !== one.place.clientWidth) again(one); })));
  for (const one of all) { again(one); watcher.observe(one.place); }
  matchMedia("(prefers-color-scheme:dark)").addEventListener("change", () => all.forEach(again));
  addEventListener("beforeprint", () => all.forEach(again));
})();
