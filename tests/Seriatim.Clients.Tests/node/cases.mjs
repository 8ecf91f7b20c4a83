// Runs named cases one after another and prints a line for each: "ok NAME", or "not ok NAME: why".
export const [url, key, chat, embedder] = process.argv.slice(2);

export function expect(condition, what) {
    if (!condition) throw new Error(what);
}

export async function fails(action) {
    try {
        await action();
    } catch (failure) {
        return failure;
    }
    throw new Error('it did not fail');
}

export async function run(cases) {
    let failed = 0;
    for (const [name, action] of Object.entries(cases)) {
        try {
            await action();
            console.log(`ok ${name}`);
        } catch (failure) {
            failed++;
            console.log(`not ok ${name}: ${String(failure?.stack ?? failure).replaceAll('\n', ' | ')}`);
        }
    }
    process.exitCode = failed === 0 ? 0 : 1;
}
