import OpenAI from 'openai';
import { chat, embedder, expect, fails, key, run, url } from './cases.mjs';

const client = new OpenAI({ baseURL: `${url}v1`, apiKey: key, maxRetries: 0 });
const messages = [{ role: 'user', content: 'Tell a story about a dog.' }];
const schema = {
    type: 'object',
    properties: { city: { type: 'string', maxLength: 12 }, days: { type: 'integer', minimum: 1, maximum: 9 } },
    required: ['city', 'days'],
    additionalProperties: false,
};
const tools = [{ type: 'function', function: { name: 'plan_trip', description: 'Plans a trip.', parameters: schema, strict: true } }];
const check = text => {
    const trip = JSON.parse(text);
    expect(typeof trip.city === 'string' && trip.days >= 1 && trip.days <= 9, `not a trip: ${text}`);
};

await run({
    chat: async () => {
        const answer = await client.chat.completions.create({ model: chat, messages, max_tokens: 12, temperature: 0 });
        expect(answer.choices[0].message.content.length > 0, 'no text');
        expect(answer.choices[0].finish_reason === 'length', answer.choices[0].finish_reason);
        expect(answer.usage.completion_tokens === 12, `${answer.usage.completion_tokens} tokens`);
        expect(answer.system_fingerprint?.length > 0, 'no fingerprint');
    },
    stream: async () => {
        const request = { model: chat, messages, max_tokens: 24, temperature: 0.9, seed: 7 };
        const whole = await client.chat.completions.create(request);
        let text = '', usage = null;
        for await (const chunk of await client.chat.completions.create({ ...request, stream: true, stream_options: { include_usage: true } })) {
            text += chunk.choices[0]?.delta?.content ?? '';
            usage = chunk.usage ?? usage;
        }
        expect(text === whole.choices[0].message.content, `${text} instead of ${whole.choices[0].message.content}`);
        expect(usage.completion_tokens === 24, JSON.stringify(usage));
    },
    n: async () => {
        const answer = await client.chat.completions.create({ model: chat, messages, max_tokens: 8, n: 3, seed: 1 });
        expect(answer.choices.length === 3 && answer.choices.every((choice, index) => choice.index === index), 'not three choices');
    },
    tools: async () => {
        const answer = await client.chat.completions.create({ model: chat, messages, tools, tool_choice: 'required', max_tokens: 200 });
        const [call] = answer.choices[0].message.tool_calls;
        expect(answer.choices[0].finish_reason === 'tool_calls', answer.choices[0].finish_reason);
        expect(call.type === 'function' && call.function.name === 'plan_trip', JSON.stringify(call));
        check(call.function.arguments);
    },
    'tools by the runner': async () => {
        let asked = 0;
        const runner = client.chat.completions.runTools({
            model: chat, messages, max_tokens: 120,
            tool_choice: { type: 'function', function: { name: 'plan_trip' } },
            tools: [{ type: 'function', function: { name: 'plan_trip', description: 'Plans.', parameters: schema, parse: JSON.parse, function: () => { asked++; return 'Planned.'; } } }],
        }, { maxChatCompletions: 1 });
        await runner.done().catch(() => {});
        expect(asked >= 1, 'the tool was not called');
    },
    'structured output': async () => {
        const answer = await client.chat.completions.create({
            model: chat, messages, max_tokens: 200, temperature: 1.5,
            response_format: { type: 'json_schema', json_schema: { name: 'trip', strict: true, schema } },
        });
        check(answer.choices[0].message.content);
    },
    'json mode': async () => {
        const answer = await client.chat.completions.create({ model: chat, messages, max_tokens: 60, response_format: { type: 'json_object' } });
        if (answer.choices[0].finish_reason === 'stop') JSON.parse(answer.choices[0].message.content);
        else expect(answer.choices[0].message.content.startsWith('{'), answer.choices[0].message.content);
    },
    completions: async () => {
        const answer = await client.completions.create({ model: chat, prompt: ['Once upon', 'The dog'], max_tokens: 6, temperature: 0, logprobs: 2, echo: true });
        expect(answer.choices.length === 2 && answer.choices[1].text.startsWith('The dog'), JSON.stringify(answer.choices));
        expect(answer.choices[0].logprobs.tokens.length > 6, 'no log-probabilities');
    },
    responses: async () => {
        const answer = await client.responses.create({ model: chat, input: 'Tell a story.', max_output_tokens: 16, temperature: 0 });
        expect(answer.output_text.length > 0, 'no text');
        let text = '', sequence = -1;
        for await (const event of await client.responses.create({ model: chat, input: 'Tell a story.', max_output_tokens: 16, temperature: 0, stream: true })) {
            expect(event.sequence_number === sequence + 1, `${event.type}: ${event.sequence_number} after ${sequence}`);
            sequence = event.sequence_number;
            if (event.type === 'response.output_text.delta') text += event.delta;
        }
        expect(text === answer.output_text, `${text} instead of ${answer.output_text}`);
        const next = await client.responses.create({ model: chat, previous_response_id: answer.id, input: 'And then?', max_output_tokens: 4 });
        expect(next.usage.input_tokens > answer.usage.input_tokens, 'what was said before is not read');
        const again = await client.responses.retrieve(answer.id);
        expect(again.output_text === answer.output_text, 'not the same when it is fetched');
    },
    embeddings: async () => {
        const answer = await client.embeddings.create({ model: embedder, input: ['A cat sat.', 'A dog ran.'] });
        const length = Math.sqrt(answer.data[0].embedding.reduce((sum, value) => sum + value * value, 0));
        expect(answer.data.length === 2 && Math.abs(length - 1) < 1e-5, `length ${length}`);
        const plain = await client.embeddings.create({ model: embedder, input: 'A cat sat.', encoding_format: 'float' });
        expect(plain.data[0].embedding.every((value, i) => Math.abs(value - answer.data[0].embedding[i]) < 1e-7), 'base64 and float differ');
    },
    models: async () => {
        const names = [];
        for await (const model of client.models.list()) names.push(model.id);
        expect(names.includes(chat), names.join());
        expect((await client.models.retrieve(chat)).id === chat, 'another model');
    },
    errors: async () => {
        const unknown = await fails(() => client.chat.completions.create({ model: 'no-such-model', messages }));
        expect(unknown instanceof OpenAI.NotFoundError && unknown.code === 'model_not_found', `${unknown}`);
        const wrong = await fails(() => client.chat.completions.create({ model: chat, messages, temperature: 'hot' }));
        expect(wrong instanceof OpenAI.BadRequestError && wrong.param === 'temperature', `${wrong.status} ${wrong.param}`);
        const strange = await fails(() => client.chat.completions.create({ model: chat, messages, no_such_field: 1 }));
        expect(strange.status === 400 && strange.param === 'no_such_field', `${strange.status} ${strange.param}`);
        const stranger = new OpenAI({ baseURL: `${url}v1`, apiKey: 'not-the-key', maxRetries: 0 });
        const refused = await fails(() => stranger.models.list());
        expect(refused instanceof OpenAI.AuthenticationError, `${refused}`);
        const long = await fails(() => client.chat.completions.create({ model: chat, messages: [{ role: 'user', content: 'word '.repeat(20000) }] }));
        expect(long.status === 400 && long.code === 'context_length_exceeded', `${long.status} ${long.code}`);
    },
    cancellation: async () => {
        const stream = await client.chat.completions.create({ model: chat, messages, max_tokens: 800, stream: true });
        for await (const chunk of stream) {
            if (chunk.choices[0]?.delta?.content) break;
        }
        stream.controller.abort();
    },
});
