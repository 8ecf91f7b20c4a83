// Draws what an engine does: steps as columns and requests as lanes, the map of its memory, the trees of its prefix cache.
// Frames come as they are from /v1/engine/watch, live or out of a trace.
const MOST_STEPS = 400, LANE = 20, TIMES = 46, GAP = 3;

export function start(root, labels) {
    const steps = [];
    let frame = null, prefixes = null, drawn = null, selected = null, waiting = false, most = 1;
    const lanes = root.querySelector("[data-lanes]"), tip = root.querySelector("[data-tip]");
    const maps = root.querySelector("[data-maps]"), trees = root.querySelector("[data-trees]");

    // Asked once for each drawing: asking the style is dearer than drawing.
    const palette = new Map();
    function colour(name) {
        if (!palette.has(name))
            palette.set(name, getComputedStyle(root).getPropertyValue(name).trim());
        return palette.get(name);
    }

    function again() {
        if (waiting)
            return;
        waiting = true;
        requestAnimationFrame(() => { waiting = false; draw(); });
    }

    function prepare(canvas, height) {
        const ratio = devicePixelRatio || 1, width = canvas.clientWidth;
        canvas.style.height = `${height}px`;
        if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
            canvas.width = Math.round(width * ratio);
            canvas.height = Math.round(height * ratio);
        }
        const to = canvas.getContext("2d");
        to.setTransform(ratio, 0, 0, ratio, 0, 0);
        to.clearRect(0, 0, width, height);
        return { to, width };
    }

    function shown(width) {
        const column = width > 700 ? 9 : 7, count = Math.max(8, Math.floor((width - 48) / column));
        return { column, list: steps.slice(-count) };
    }

    function requestsOf(list) {
        const numbers = [];
        for (const step of list)
            for (const n of [...step.rows.map(r => r[0]), ...(step.preempted ?? [])])
                if (!numbers.includes(n))
                    numbers.push(n);
        return numbers.sort((a, b) => a - b).slice(-16);
    }

    function drawLanes() {
        const { column, list } = shown(lanes.clientWidth), numbers = requestsOf(list);
        const top = Math.max(1, numbers.length) * (LANE + GAP), height = top + TIMES + 8;
        const whole = Math.max(height, 4 * (LANE + GAP) + TIMES + 8), { to, width } = prepare(lanes, whole);
        const soft = colour("--v-soft"), line = colour("--v-line"), left = 44;
        const kinds = { plan: colour("--v-plan"), pass: colour("--v-pass"), pick: colour("--v-pick") };
        to.font = "11px system-ui, sans-serif";
        to.textBaseline = "middle";
        numbers.forEach((n, i) => {
            const y = i * (LANE + GAP);
            to.fillStyle = soft;
            to.fillText(`#${n}`, 0, y + LANE / 2);
            to.fillStyle = line;
            to.fillRect(left, y + LANE, width - left, 1);
        });
        const longest = Math.max(1e-3, ...list.map(s => s.ms[0] + s.ms[1] + s.ms[2]));
        const base = whole - 4;
        list.forEach((step, at) => {
            const x = left + at * column, w = column - 2;
            if (step === selected) {
                to.fillStyle = colour("--v-mark");
                to.fillRect(x - 1, 0, column, whole);
            }
            drawColumn(to, step, numbers, x, w);
            let y = base;
            for (const [ms, fill] of [[step.ms[1], kinds.pass], [step.ms[2], kinds.pick], [step.ms[0], kinds.plan]]) {
                const h = ms / longest * (TIMES - 8);
                to.fillStyle = fill;
                to.fillRect(x, y - h, w, h);
                y -= h;
            }
        });
        to.fillStyle = soft;
        to.fillText(longest < 10 ? `${longest.toFixed(1)} ms` : longest < 1000 ? `${Math.round(longest)} ms` : `${(longest / 1000).toFixed(1)} s`, 0, base - TIMES + 14);
        lanes.setAttribute("aria-label", labels.lanes.replace("{0}", list.length).replace("{1}", numbers.length));
    }

    function drawColumn(to, step, numbers, x, w) {
        const cells = new Map();
        for (const [request, , kind, rows, drafts, accepted] of step.rows) {
            const cell = cells.get(request) ?? { kind, rows: 0, drafts: 0, accepted: 0 };
            if (kind !== "decode")
                cell.kind = kind;
            cell.rows += rows;
            cell.drafts += drafts;
            cell.accepted += accepted;
            cells.set(request, cell);
        }
        cells.forEach((cell, request) => {
            const lane = numbers.indexOf(request);
            if (lane < 0)
                return;
            const y = lane * (LANE + GAP), own = colour(`--v${request % 8}`);
            if (cell.kind === "decode") {
                to.fillStyle = own;
                to.fillRect(x, y + LANE - 8, w, 8);
                drawDrafts(to, cell, x, y, w, own);
                return;
            }
            // A piece of a prompt is as high as it has rows, by powers of two.
            const h = Math.min(LANE, 9 + (LANE - 9) * Math.log2(1 + cell.rows) / Math.log2(1 + most));
            to.fillStyle = own;
            to.fillRect(x, y + LANE - h, w, h);
            if (cell.kind === "again") {
                to.strokeStyle = colour("--v-paper");
                to.beginPath();
                for (let i = 2; i < h; i += 4) {
                    to.moveTo(x, y + LANE - i);
                    to.lineTo(x + w, y + LANE - i);
                }
                to.stroke();
            } else {
                to.fillStyle = colour("--v-paper");
                to.fillRect(x + w / 2 - 1, y + LANE - h + 3, 2, Math.max(2, h - 6));
            }
        });
        for (const request of step.preempted ?? []) {
            const lane = numbers.indexOf(request), y = lane * (LANE + GAP) + LANE / 2;
            if (lane < 0)
                continue;
            to.strokeStyle = colour("--v-bad");
            to.lineWidth = 2;
            to.beginPath();
            to.moveTo(x, y - 4); to.lineTo(x + w, y + 4); to.moveTo(x, y + 4); to.lineTo(x + w, y - 4);
            to.stroke();
            to.lineWidth = 1;
        }
    }

    function drawDrafts(to, cell, x, y, w, own) {
        const size = 2.5;
        for (let i = 0; i < Math.min(4, cell.drafts); i++) {
            const top = y + LANE - 11 - i * 3;
            const isTaken = i < Math.ceil(cell.accepted * Math.min(4, cell.drafts) / cell.drafts);
            to.fillStyle = isTaken ? own : colour("--v-bad");
            to.fillRect(isTaken ? x : x + w / 2 - 1, top, isTaken ? w : 2, size);
        }
    }

    function drawMaps() {
        if (maps.childElementCount !== frame.memories.length)
            maps.replaceChildren(...frame.memories.map(() => {
                const figure = document.createElement("figure");
                figure.append(document.createElement("figcaption"), document.createElement("canvas"));
                figure.lastChild.setAttribute("role", "img");
                return figure;
            }));
        frame.memories.forEach((memory, at) => {
            const [caption, canvas] = maps.children[at].children;
            const own = memory.used - memory.shared, free = memory.units - memory.used - memory.cached;
            const text = labels.map.replace("{0}", memory.name).replace("{1}", memory.units).replace("{2}", own)
                .replace("{3}", memory.shared).replace("{4}", memory.cached).replace("{5}", free)
                + (memory.per_cell > 1 ? ` ${labels.cell.replace("{0}", memory.per_cell)}` : "");
            caption.textContent = text;
            canvas.setAttribute("aria-label", text);
            const cell = 11, across = Math.max(1, Math.floor(canvas.clientWidth / cell));
            const { to } = prepare(canvas, Math.max(1, Math.ceil(memory.cells.length / across)) * cell);
            [...memory.cells].forEach((letter, i) => {
                const x = i % across * cell, y = Math.floor(i / across) * cell;
                if (letter === ".") {
                    to.strokeStyle = colour("--v-line");
                    to.strokeRect(x + .5, y + .5, cell - 3, cell - 3);
                    return;
                }
                to.fillStyle = colour(letter === "s" ? "--v-shared" : letter === "c" ? "--v-cached" : letter === "x" ? "--v-soft" : `--v${letter}`);
                to.fillRect(x, y, cell - 2, cell - 2);
            });
        });
    }

    // Each branch is a bar as long as it has pages; what grows from it lies below it.
    function drawTrees() {
        const space = "http://www.w3.org/2000/svg", width = trees.clientWidth;
        if (drawn !== null && drawn.prefixes === prefixes && drawn.width === width)
            return;
        drawn = { prefixes, width };
        trees.replaceChildren();
        if (prefixes === null || prefixes.branches.length === 0 || width === 0)
            return;
        const children = prefixes.branches.map(() => []), roots = [];
        prefixes.branches.forEach(([parent], i) => (parent < 0 ? roots : children[parent]).push(i));
        const end = i => prefixes.branches[i][1] + Math.max(0, ...children[i].map(end));
        const deepest = Math.max(...roots.map(end)), unit = Math.min(14, (width - 4) / deepest);
        let row = 0;
        const place = (i, x) => {
            const [, pages, used] = prefixes.branches[i], y = row * 13;
            for (const [from, count, fill] of [[0, pages, "--v-cached"], [0, used, "--v-shared"]]) {
                if (count === 0)
                    continue;
                const bar = document.createElementNS(space, "rect");
                bar.setAttribute("x", x + from * unit);
                bar.setAttribute("y", y);
                bar.setAttribute("width", Math.max(2, count * unit - 1));
                bar.setAttribute("height", 10);
                bar.setAttribute("rx", 2);
                bar.setAttribute("fill", `var(${fill})`);
                trees.append(bar);
            }
            if (children[i].length === 0)
                row++;
            for (const child of children[i])
                place(child, x + pages * unit);
        };
        for (const root of roots)
            place(root, 0);
        trees.setAttribute("viewBox", `0 0 ${width} ${row * 13}`);
        trees.setAttribute("height", row * 13);
    }

    function tell(step) {
        selected = step;
        if (step === null) {
            tip.textContent = labels.hint;
            return;
        }
        const total = step.ms[0] + step.ms[1] + step.ms[2];
        const parts = step.rows.map(([request, sequence, kind, rows, drafts, accepted]) =>
            `#${request}${sequence > 0 ? `.${sequence}` : ""} ${labels[kind]} ${rows}`
            + (drafts > 0 ? ` (+${labels.drafts} ${accepted}/${drafts})` : ""));
        const taken = (step.preempted ?? []).map(n => `#${n} ${labels.preempted}`);
        tip.textContent = `${labels.step} ${step.n} · ${total.toFixed(2)} ms (${labels.plan} ${step.ms[0].toFixed(2)}, `
            + `${labels.pass} ${step.ms[1].toFixed(2)}, ${labels.pick} ${step.ms[2].toFixed(2)}) · ${[...taken, ...parts].join(" · ")}`;
    }

    function at(event) {
        const { column, list } = shown(lanes.clientWidth);
        return list[Math.floor((event.offsetX - 44) / column)] ?? null;
    }

    const moved = event => { tell(at(event)); again(); };
    const left = () => { tell(null); again(); };
    const pressed = event => {
        const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (move === undefined)
            return;
        event.preventDefault();
        const { list } = shown(lanes.clientWidth), now = list.indexOf(selected);
        tell(list[now < 0 ? list.length - 1 : Math.min(list.length - 1, Math.max(0, now + move))] ?? null);
        again();
    };
    lanes.addEventListener("pointermove", moved);
    lanes.addEventListener("pointerleave", left);
    lanes.addEventListener("keydown", pressed);
    const watcher = new ResizeObserver(again);
    watcher.observe(root);
    const shade = new MutationObserver(again);
    shade.observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
    tell(null);
    again();

    function draw() {
        palette.clear();
        drawLanes();
        if (frame !== null) {
            drawMaps();
            drawTrees();
        }
    }

    return {
        // Lines of JSON, in their order.
        add(lines) {
            for (const line of lines) {
                const read = JSON.parse(line);
                if (read.object !== "engine.frame")
                    continue;
                frame = read;
                prefixes = read.prefixes ?? prefixes;
                steps.push(...read.steps);
                for (const step of read.steps)
                    for (const row of step.rows)
                        most = Math.max(most, row[3]);
            }
            steps.splice(0, Math.max(0, steps.length - MOST_STEPS));
            again();
        },
        clear() {
            steps.length = 0;
            frame = null;
            prefixes = null;
            maps.replaceChildren();
            trees.replaceChildren();
            drawn = null;
            tell(null);
            again();
        },
        speak(words) {
            labels = words;
            tell(selected);
            again();
        },
        stop() {
            watcher.disconnect();
            shade.disconnect();
            lanes.removeEventListener("pointermove", moved);
            lanes.removeEventListener("pointerleave", left);
            lanes.removeEventListener("keydown", pressed);
        },
    };
}

// Gives the browser's user a file.
export async function save(name, stream) {
    const url = URL.createObjectURL(new Blob([await stream.arrayBuffer()], { type: "application/x-ndjson" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
