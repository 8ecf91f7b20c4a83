import Anthropic from '@anthropic-ai/sdk';
import { chat, expect, fails, key, run, url } from './cases.mjs';

const client = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 });
const request = { model: chat, max_tokens: 16, temperature: 0, system: 'You tell stories.', messages: [{ role: 'user', content: 'Tell one about a cat.' }] };
const weather = {
    name: 'weather', description: 'Says how the weather is.',
    input_schema: { type: 'object', properties: { days: { type: 'integer', minimum: 1, maximum: 9 } }, required: ['days'], additionalProperties: false },
};

await run({
    messages: async () => {
        const answer = await client.messages.create(request);
        expect(answer.type === 'message' && answer.role === 'assistant' && answer.content[0].text.length > 0, JSON.stringify(answer));
        expect(answer.stop_reason === 'max_tokens' && answer.usage.output_tokens === 16, JSON.stringify(answer.usage));
    },
    stream: async () => {
        const answer = await client.messages.create(request);
        let text = '';
        const stream = client.messages.stream(request).on('text', piece => { text += piece; });
        const last = await stream.finalMessage();
        expect(text === answer.content[0].text, `${text} instead of ${answer.content[0].text}`);
        expect(last.usage.output_tokens === 16 && last.stop_reason === 'max_tokens', JSON.stringify(last));
    },
    tools: async () => {
        const answer = await client.messages.create({ ...request, max_tokens: 200, tools: [weather], tool_choice: { type: 'any' } });
        const call = answer.content.find(block => block.type === 'tool_use');
        expect(answer.stop_reason === 'tool_use' && call.name === 'weather' && call.input.days >= 1, JSON.stringify(answer));
        const next = await client.messages.create({
            ...request, tools: [weather],
            messages: [...request.messages, { role: 'assistant', content: answer.content }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'Rain.' }] }],
        });
        expect(next.content.length > 0, 'no answer to the result');
    },
    'tools streamed': async () => {
        const last = await client.messages.stream({ ...request, max_tokens: 200, tools: [weather], tool_choice: { type: 'tool', name: 'weather' } }).finalMessage();
        expect(last.content.some(block => block.type === 'tool_use' && block.input.days >= 1), JSON.stringify(last.content));
    },
    'count tokens': async () => {
        const { max_tokens, temperature, ...counted } = request;
        const count = await client.messages.countTokens(counted);
        const answer = await client.messages.create(request);
        const read = answer.usage.input_tokens + answer.usage.cache_read_input_tokens;
        expect(count.input_tokens === read, `${count.input_tokens} and ${read}`);
    },
    errors: async () => {
        const unknown = await fails(() => client.messages.create({ ...request, model: 'no-such-model' }));
        expect(unknown instanceof Anthropic.NotFoundError, `${unknown}`);
        const wrong = await fails(() => client.messages.create({ ...request, max_tokens: 0 }));
        expect(wrong instanceof Anthropic.BadRequestError && wrong.error.error.type === 'invalid_request_error', `${wrong}`);
        const strange = await fails(() => client.messages.create({ ...request, no_such_field: 1 }));
        expect(strange.status === 400 && strange.message.includes('no_such_field'), `${strange}`);
    },
    cancellation: async () => {
        const stream = client.messages.stream({ ...request, max_tokens: 800 });
        const failure = await fails(async () => {
            for await (const event of stream) {
                if (event.type === 'content_block_delta') stream.abort();
            }
        });
        expect(failure instanceof Anthropic.APIUserAbortError, `${failure}`);
    },
});
