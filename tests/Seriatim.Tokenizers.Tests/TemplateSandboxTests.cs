namespace Seriatim.Tokenizers.Tests;

/// <summary>Hostile templates end in an error, soon and with little memory: a rendering has budgets and a clock.</summary>
public sealed class TemplateSandboxTests
{
    /// <summary>Sixty lists that hold each other twice: sixty steps to make, 2^60 nodes to walk through.</summary>
    private const string Doubled = "{% set ns = namespace(x=['a'], y=['a'], m={'k': 1}, n={'k': 1}, t=(1,), u=(1,)) %}{% for i in range(60) %}"
        + "{% set ns.t = (ns.t, ns.t) %}{% set ns.u = (ns.u, ns.u) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% set ns.m = {'a': ns.m, 'b': ns.m} %}{% set ns.n = {'a': ns.n, 'b': ns.n} %}{% endfor %}";

    [Theory]
    [InlineData("{{ ns.x == ns.y }}")]
    [InlineData("{{ ns.x != ns.y }}")]
    [InlineData("{{ ns.x < ns.y }}")]
    [InlineData("{{ ns.m == ns.n }}")]
    [InlineData("{{ ns.x }}")]
    [InlineData("{{ ns.m }}")]
    [InlineData("{{ ns }}")]
    [InlineData("{{ ns.x | string }}")]
    [InlineData("{{ ns.x ~ 'a' }}")]
    [InlineData("{{ ns.x | tojson }}")]
    [InlineData("{{ ns.m | tojson(sort_keys=true) }}")]
    [InlineData("{{ ns.x | pprint }}")]
    [InlineData("{{ ns.x | join }}")]
    [InlineData("{{ ns.x in [ns.y] }}")]
    [InlineData("{{ [ns.x, ns.y] | sort }}")]
    [InlineData("{{ [ns.x, ns.y] | min }}")]
    [InlineData("{{ [ns.y].index(ns.x) }}")]
    [InlineData("{{ [ns.y].count(ns.x) }}")]
    [InlineData("{{ '%s' % [ns.x] }}")]
    [InlineData("{{ '{}'.format(ns.x) }}")]
    [InlineData("{{ ns.x | upper }}")]
    [InlineData("{{ ns.x is eq(ns.y) }}")]
    [InlineData("{{ {'a': ns.x} | dictsort | list }}{{ {'b': ns.x, 'a': ns.y} | dictsort(by='value') }}")]
    [InlineData("{{ [ns.x] | groupby(0) }}")]
    [InlineData("{% for i in [ns.x, ns.y] %}{{ loop.changed(i) }}{% endfor %}")]
    [InlineData("{{ raise_exception(ns.x) }}")]
    [InlineData("{{ {'a': 1}[ns.x] }}")]
    [InlineData("{{ {ns.t: 1} }}")]
    [InlineData("{{ ns.t in {'a': 1} }}")]
    [InlineData("{{ [ns.t] | unique | list }}")]
    [InlineData("{{ ns.t == ns.u }}")]
    [InlineData("{{ ns.t }}")]
    public void Shared_structures_are_not_walked_without_end(string rest)
    {
        Assert.Throws<ChatTemplateException>(() => new ChatTemplate(Doubled + rest).Render([]));
    }

    [Theory]
    [InlineData("{{ 'a' * 1000000000 }}")]
    [InlineData("{{ [1] * 1000000000 }}")]
    [InlineData("{{ 'a' * 99999999999999999999 }}")]
    [InlineData("{{ '%1000000000d' % 1 }}")]
    [InlineData("{{ '%.1000000000f' % 1 }}")]
    [InlineData("{{ '%*d' % (1000000000, 1) }}")]
    [InlineData("{{ '{:1000000000}'.format(1) }}")]
    [InlineData("{{ '{:.1000000000f}'.format(1.5) }}")]
    [InlineData("{{ 'a'.center(1000000000) }}")]
    [InlineData("{{ 'a'.zfill(1000000000) }}")]
    [InlineData("{{ 'a' | center(1000000000) }}")]
    [InlineData("{{ 'a\\tb'.expandtabs(1000000000) }}")]
    [InlineData("{{ 'a\\nb' | indent(1000000000) }}")]
    [InlineData("{{ [[1]] | tojson(indent=1000000000) }}")]
    [InlineData("{{ [1] | batch(1000000000, 0) | list }}")]
    [InlineData("{{ [1] | slice(1000000000) | list }}")]
    [InlineData("{{ 2 ** 1000000000 }}")]
    [InlineData("{{ 10 ** 100 ** 100 }}")]
    [InlineData("{% set ns = namespace(n=3) %}{% for i in range(90) %}{% set ns.n = ns.n * ns.n %}{% endfor %}")]
    [InlineData("{% set a = 'a' * 4000000 %}{{ a.replace('a', a) }}")]
    [InlineData("{% set a = 'a' * 4000000 %}{{ a.join([a, a, a, a]) }}")]
    [InlineData("{% set a = 'a' * 4000000 %}{{ [a, a, a, a] | join(a) }}")]
    [InlineData("{% set a = 'a' * 4000000 %}{{ [a, a, a, a, a] | tojson }}")]
    [InlineData("{% set a = 'a' * 4000000 %}{% set ns = namespace(l=[]) %}{% for i in range(100) %}{% set ns.l = ns.l + [a ~ i] %}{% endfor %}")]
    [InlineData("{% set l = range(100000) | list %}{% for a in l %}{% for b in l %}{% if [a] == [b] %}{% endif %}{% endfor %}{% endfor %}")]
    [InlineData("{% set l = range(50000) | list %}{% for a in l %}{{ -1 in l }}{% endfor %}")]
    [InlineData("{% set a = '<' * 8000000 %}{% for i in range(100) %}{% if a | striptags %}{% endif %}{% endfor %}")]
    [InlineData("{% set a = 'a' * 8000000 %}{% set d = {a: 1} %}{% for i in range(100000) %}{% if a in d %}{% endif %}{% endfor %}")]
    [InlineData("{% set a = 'a' * 8000000 %}{% for i in range(100000) %}{% if a[i] %}{% endif %}{% endfor %}")]
    [InlineData("{% macro m(x) %}{{ m(x) }}{% endmacro %}{{ m(1) }}")]
    [InlineData("{% for i in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}")]
    [InlineData("{% set ns = namespace(x=[]) %}{% for i in range(5000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}")]
    [InlineData("{% set ns = namespace(x=[]) %}{% set ns.x = ns %}{{ ns }}")]
    [InlineData("{% set ns = namespace() %}{% set ns.x = [ns] %}{{ ns.x | tojson }}")]
    public void Nothing_grows_or_runs_without_end(string source)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<ChatTemplateException>(() => new ChatTemplate(source).Render([]));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 3L << 30);
    }

    [Theory]
    [InlineData("find")]
    [InlineData("rfind")]
    [InlineData("count")]
    [InlineData("split")]
    [InlineData("rsplit")]
    public void A_search_is_linear_even_where_ends_match_everywhere(string method)
    {
        // The platform's own search would compare half a million characters at each of two million places.
        string source = "{% set a = 'a' * 500000 %}{{ (a ~ a ~ a ~ a ~ a)." + method + "(a ~ 'b' ~ a) is defined }}";
        Assert.Equal("True", new ChatTemplate(source).Render([]));
    }

    [Fact]
    public void A_rendering_that_takes_too_long_is_broken_off()
    {
        var clock = new Clock();
        var template = new ChatTemplate("{% for x in range(3000) %}{{ x }}{% endfor %}");
        Assert.StartsWith("0123", template.Render([], true, null, null, new Clock { Step = TimeSpan.Zero }));
        ChatTemplateException failure = Assert.Throws<ChatTemplateException>(() => template.Render([], true, null, null, clock));
        Assert.Contains("0.8 s", failure.Message);
    }

    [Fact]
    public void What_a_conversation_of_a_million_characters_needs_is_allowed()
    {
        ChatTurn[] messages = [.. Enumerable.Range(0, 2000).Select(i => new ChatTurn(i % 2 == 0 ? "user" : "assistant", new string('x', 500)))];
        var template = new ChatTemplate("{% set ns = namespace(t='') %}{% for m in messages %}{% if m.content is string %}{{ m.role ~ ': ' ~ m.content | trim }}\n{% endif %}{% endfor %}");
        Assert.True(template.Render(messages, true, null, null, new Clock { Step = TimeSpan.Zero }).Length > 1_000_000);
    }

    private sealed class Clock : TimeProvider
    {
        private long _ticks;

        public TimeSpan Step { get; init; } = TimeSpan.FromSeconds(0.5);

        public override long GetTimestamp() => _ticks += Step.Ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;
    }
}
