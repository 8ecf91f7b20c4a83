// What a circuit cannot do from the server: cookies, storage, the clipboard, and the state of the connection.
"use strict";
window.seriatim = {
    keep(name, value) {
        document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=strict`;
        if (name === "seriatim-theme")
            document.documentElement.className = value;
        if (name === "seriatim-language")
            document.documentElement.lang = value === "zh" ? "zh-CN" : "en";
    },
    stored: recall,
    store: remember,
    draft: name => recall(`seriatim-draft-${name}`) || null,
    isWide: () => innerWidth > 1000,
    isCalm: () => matchMedia("(prefers-reduced-motion: reduce)").matches,
    // Text boxes are the browser's: the server reads them when they are sent, and never writes over what is typed.
    length: box => box.value.length,
    text: box => box.value,
    write(box, text) {
        box.value = text;
        keepDraft(box);
        box.focus();
    },
    restore(box) {
        const kept = recall(`seriatim-draft-${box.dataset.draft}`);
        if (kept)
            box.value = kept;
    },
    // Stays at the end of a text that grows, unless somebody has gone elsewhere in it.
    follow() {
        const page = document.scrollingElement;
        if (page.scrollHeight - page.scrollTop - innerHeight < 220)
            page.scrollTop = page.scrollHeight;
    },
    async copy(id) {
        const box = document.getElementById(id);
        box.focus();
        box.select();
        try {
            await navigator.clipboard.writeText(box.value);
            return true;
        } catch {
            return false;
        }
    },
    save(name, text) {
        const link = document.createElement("a");
        link.href = URL.createObjectURL(new Blob([text], { type: "text/markdown" }));
        link.download = name;
        link.click();
        URL.revokeObjectURL(link.href);
    },
};

// A browser may have no room, or keep nothing at all: the page works without.
function remember(name, value) {
    try {
        localStorage.setItem(name, value);
    } catch {
        // What is typed still stands in its box.
    }
}

function recall(name) {
    try {
        return localStorage.getItem(name);
    } catch {
        return null;
    }
}

function keepDraft(box) {
    if (box.dataset?.draft)
        remember(`seriatim-draft-${box.dataset.draft}`, box.value);
}

document.addEventListener("input", event => keepDraft(event.target));
document.addEventListener("keydown", event => {
    const box = event.target;

    // The server moves among these; the page must not scroll meanwhile.
    if (box.dataset?.moves !== undefined && /^(Arrow|Home$|End$)/.test(event.key))
        event.preventDefault();
    if (box.dataset?.sends && event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        document.getElementById(box.dataset.sends)?.click();
    }

    // One of many small things has the focus; arrows move it.
    if (box.dataset?.pick === undefined)
        return;
    if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        box.click();
        return;
    }
    const all = [...box.parentElement.querySelectorAll("[data-pick]")];
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const to = event.key === "Home" ? all[0] : event.key === "End" ? all.at(-1) : step ? all[all.indexOf(box) + step] : null;
    if (to) {
        event.preventDefault();
        to.focus();
    }
});

// On a phone what is said of a token covers the lower half: the token goes above it.
document.addEventListener("click", event => {
    const token = event.target.closest?.(".token[data-pick]");
    if (token && innerWidth <= 760)
        setTimeout(() => token.scrollIntoView({ block: "start" }), 60);
});
addEventListener("load", () => Blazor.registerCustomEventType("pick", {
    browserEventName: "click",
    createEventArgs: event => ({ index: Number(event.target.closest("[data-pick]")?.dataset.pick ?? -1) }),
}));

// The framework tells the state of the connection to the element with this id; we draw it.
const state = document.getElementById("components-reconnect-modal");
state.addEventListener("components-reconnect-state-changed", event => {
    const what = event.detail.state;
    if (what === "hide") {
        state.close();
        return;
    }
    if (what === "retrying")
        return;
    state.className = what === "rejected" || what === "resume-failed" ? "restarted" : what === "failed" ? "gone" : "show";
    if (!state.open)
        state.show();
});
document.getElementById("reconnect-reload").addEventListener("click", () => location.reload());
document.getElementById("reconnect-retry").addEventListener("click", async () => {
    const before = state.className;
    state.className = "show";
    try {
        if (await Blazor.reconnect() === false)
            state.className = "restarted";
    } catch {
        state.className = before;
    }
});
