// Draws charts by uPlot, with the script that the lab's reports have. A chart that grows is drawn again.
let loading = null;

function load(addresses) {
    return loading ??= addresses.reduce((before, address) => before.then(() => new Promise((done, failed) => {
        const script = document.createElement("script");
        script.src = address;
        script.onload = done;
        script.onerror = () => failed(new Error(address));
        document.head.append(script);
    })), Promise.resolve());
}

export async function start(place, addresses, json) {
    await load(addresses);
    let chart = JSON.parse(json), plot = null, width = 0, waiting = false;
    const again = () => {
        if (waiting)
            return;
        waiting = true;
        requestAnimationFrame(() => {
            waiting = false;
            plot?.destroy();
            width = place.clientWidth;
            plot = chart.series.some(series => series.x.length > 0) ? globalThis.drawChart(place, chart) : null;
        });
    };
    const watcher = new ResizeObserver(() => { if (place.clientWidth !== width) again(); });
    watcher.observe(place);
    const shade = new MutationObserver(again);
    shade.observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
    again();
    return {
        show(next) { chart = JSON.parse(next); again(); },
        stop() { watcher.disconnect(); shade.disconnect(); plot?.destroy(); plot = null; },
    };
}
