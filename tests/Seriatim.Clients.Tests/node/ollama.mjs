import { Ollama } from 'ollama';
import { chat, embedder, expect, fails, key, run, url } from './cases.mjs';

const client = new Ollama({ host: url, headers: { Authorization: `Bearer ${key}` } });
const messages = [{ role: 'user', content: 'Tell a story.' }];
const options = { num_predict: 12, temperature: 0, seed: 1 };

await run({
    generate: async () => {
        const answer = await client.generate({ model: chat, prompt: 'Once upon a time', options });
        expect(answer.done && answer.response.length > 0 && answer.eval_count === 12, JSON.stringify(answer));
        expect(answer.total_duration > 1000 && answer.eval_duration > 0, 'no times');
    },
    stream: async () => {
        const whole = await client.chat({ model: chat, messages, options });
        let text = '', last = null;
        for await (const part of await client.chat({ model: chat, messages, options, stream: true })) {
            text += part.message.content;
            last = part;
        }
        expect(text === whole.message.content, `${text} instead of ${whole.message.content}`);
        expect(last.done && last.done_reason === 'length', JSON.stringify(last));
    },
    format: async () => {
        const format = { type: 'object', properties: { colour: { enum: ['red', 'blue'] } }, required: ['colour'], additionalProperties: false };
        const answer = await client.chat({ model: chat, messages, format, options: { num_predict: 60 } });
        expect(['red', 'blue'].includes(JSON.parse(answer.message.content).colour), answer.message.content);
    },
    tools: async () => {
        const tool = { type: 'function', function: { name: 'weather', description: 'The weather.', parameters: { type: 'object', properties: { city: { type: 'string' } } } } };
        const answer = await client.chat({ model: chat, messages, tools: [tool], options });
        expect(answer.message.role === 'assistant', JSON.stringify(answer));
    },
    embed: async () => {
        const answer = await client.embed({ model: embedder, input: ['One.', 'Two.'] });
        expect(answer.embeddings.length === 2 && answer.embeddings[0].length > 10, 'not two embeddings');
    },
    list: async () => {
        const { models } = await client.list();
        expect(models.some(model => model.name.startsWith(chat)), JSON.stringify(models));
        expect((await client.show({ model: chat })).details.family.length > 0, 'no family');
        expect((await client.ps()).models.length > 0, 'nothing is loaded');
        expect((await client.version()).version.length > 0, 'no version');
    },
    errors: async () => {
        const unknown = await fails(() => client.chat({ model: 'no-such-model', messages }));
        expect(unknown.status_code === 404 && unknown.message.includes('no-such-model'), `${unknown}`);
        const wrong = await fails(() => client.generate({ model: chat, prompt: 'A', options: { temperature: 'hot' } }));
        expect(wrong.status_code === 400 && wrong.message.includes('temperature'), `${wrong}`);
    },
    abort: async () => {
        const stream = await client.chat({ model: chat, messages, options: { num_predict: 800 }, stream: true });
        const failure = await fails(async () => {
            for await (const part of stream) {
                if (part.message.content) stream.abort();
            }
        });
        expect(failure.name === 'AbortError', `${failure}`);
    },
});
