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
    stored: name => localStorage.getItem(name),
    store(name, value) { localStorage.setItem(name, value); },
};

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
    state.className = "show";
    try {
        if (await Blazor.reconnect() === false)
            state.className = "restarted";
    } catch {
        state.className = "gone";
    }
});
