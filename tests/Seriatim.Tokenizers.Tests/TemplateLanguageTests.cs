namespace Seriatim.Tokenizers.Tests;

/// <summary>
/// The language of chat templates: small programs and what Jinja2 (with the settings of transformers) makes of them.
/// </summary>
public sealed class TemplateLanguageTests
{
    private static readonly DateTimeOffset Now = new(2025, 3, 9, 14, 5, 7, TimeSpan.Zero);

    [Theory]
    [InlineData("{{ 1 + 2 * 3 ** 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ~ 'a' ~ none }}",
        "19 -4 2 3.5 2aNone")]
    [InlineData("{{ 'a' if false }}|{{ 'a' if true else 'b' }}|{{ not 1 == 2 }}|{{ 1 < 2 < 3 }}",
        "|a|True|True")]
    [InlineData("{{ [1, 'x', none, true, 1.5] }} {{ {'a': 1, 'b': [2]} }} {{ (1, 2)[1] }}",
        "[1, 'x', None, True, 1.5] {'a': 1, 'b': [2]} 2")]
    [InlineData("{{ 'hello'[1:3] }} {{ 'hello'[::-1] }} {{ [1,2,3][-1] }} {{ [1,2,3][:2] }} {{ [1,2,3][5:] }}",
        "el olleh 3 [1, 2] []")]
    [InlineData("{% for x in [1,2,3] %}{{ loop.index }}/{{ loop.length }}{% if not loop.last %},{% endif %}{% endfor %}",
        "1/3,2/3,3/3")]
    [InlineData("{% for x in [] %}a{% else %}none{% endfor %}",
        "none")]
    [InlineData("{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %}",
        "a=1;b=2;")]
    [InlineData("{% for x in range(10) if x is odd %}{{ x }}{% endfor %} {% for x in range(9, 0, -3) %}{{ x }}{% endfor %}",
        "13579 963")]
    [InlineData("{% for x in range(9) %}{% if x == 2 %}{% continue %}{% endif %}{% if x == 5 %}{% break %}{% endif %}{{ x }}{% endfor %}",
        "0134")]
    [InlineData("{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{% endfor %}{{ x }}{% set ns = namespace(x=1) %}{% for i in [1] %}{% set ns.x = 2 %}{% endfor %}{{ ns.x }}",
        "12")]
    [InlineData("{% macro f(a, b='B') %}[{{ a }}{{ b }}]{% endmacro %}{{ f('x') }}{{ f('x', b='y') }}{{ f(a=1) }}",
        "[xB][xy][1B]")]
    [InlineData("{% set t %}a{{ 1 }}b{% endset %}{{ t | upper }}",
        "A1B")]
    [InlineData("a  \n  {% if true %}\n  b\n  {% endif %}\nc",
        "a  \n  b\nc")]
    [InlineData("a  \n  {%- if true -%}\n  b\n  {%- endif -%}\nc",
        "abc")]
    [InlineData("a {#- gone -#} b {# kept space #} c\n{# line #}\nd",
        "ab  c\nd")]
    [InlineData("{{ ' x ' | trim }}|{{ 'a,b' .split(',') | join('+') }}|{{ 'abc' | length }}|{{ 'Ab c' | title }}|{{ 'aXb' | replace('X', '-') }}",
        "x|a+b|3|Ab C|a-b")]
    [InlineData("{{ [3,1,2] | sort }} {{ [3,1,2] | sort(reverse=true) | first }} {{ [1,2] | last }} {{ [1,2,3] | sum }} {{ [1,1,2] | unique | list }}",
        "[1, 2, 3] 3 2 6 [1, 2]")]
    [InlineData("{{ [{'a': 1}, {'a': 2}] | map(attribute='a') | list }} {{ [{'a': 1}, {'a': 2}] | selectattr('a', 'equalto', 2) | list }}",
        "[1, 2] [{'a': 2}]")]
    [InlineData("{{ ['a', 'B'] | map('upper') | join(',') }} {{ [1, 2, 3] | select('odd') | list }} {{ [0, 1] | reject | list }}",
        "A,B [1, 3] [0]")]
    [InlineData("{{ x | default('d') }} {{ '' | default('d', true) }} {{ none | default('d') }} {{ x is defined }} {{ x }}",
        "d d None False ")]
    [InlineData("{{ {'a': [1, {'b': none}], 'c': 'q\"\\n'} | tojson }}",
        "{\"a\": [1, {\"b\": null}], \"c\": \"q\\\"\\n\"}")]
    [InlineData("{{ {'a': [1, {}], 'c': []} | tojson(indent=2) }}",
        "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"c\": []\n}")]
    [InlineData("{{ 'a\\nb' | indent(2) }}|{{ 'a\\nb' | indent(2, true) }}",
        "a\n  b|  a\n  b")]
    [InlineData("{{ 1 is number }} {{ 'a' is string }} {{ {} is mapping }} {{ [] is iterable }} {{ 'a' is iterable }} {{ none is none }} {{ 1 is not string }} {{ 4 is divisibleby 2 }} {{ 'a' in 'abc' }} {{ 'k' in {'k': 1} }} {{ 1 not in [2] }}",
        "True True True True True True True True True True True")]
    [InlineData("{{ 'abc'.startswith('a') and 'abc'.endswith('c') }} {{ ' x'.strip() }} {{ 'xxaxx'.strip('x') }} {{ 'a b  c'.split() }} {{ 'a-b-c'.split('-', 1) }} {{ 'a-b-c'.rsplit('-', 1) }}",
        "True x a ['a', 'b', 'c'] ['a', 'b-c'] ['a-b', 'c']")]
    [InlineData("{{ '%' }} {{ \"it's\" }} {{ ['it\\'s'] }} {{ 'a' 'b' }} {{ 1.0 }} {{ 10 | int }} {{ '12' | int + 1 }} {{ 3.7 | int }} {{ 2 | float }}",
        "% it's [\"it's\"] ab 1.0 10 13 3 2.0")]
    [InlineData("{{ {'b': 1, 'a': 2} | dictsort | map('join', '=') | join(',') }} {{ ({'a': 1} | items | list)[0][1] }} {{ {'a': 1}.get('z', 5) }} {{ {'a': 1}['a'] }} {{ {'a': 1}.a }}",
        "a=2,b=1 1 5 1 1")]
    [InlineData("{% raw %}{{ x }}{% endraw %} {{ '{{' }} {{ '}}' }} {{ {'a': {'b': 1}}['a']['b'] }}",
        "{{ x }} {{ }} 1")]
    [InlineData("{% if a is defined and a %}1{% elif true %}2{% else %}3{% endif %}{{ 'x' * 3 }}{{ [1] + [2] }}",
        "2xxx[1, 2]")]
    [InlineData("{% for a in [[1, 2], [3, 4]] %}{% for b in a %}{{ loop.index0 }}{{ b }}{% endfor %}{{ loop.first }}{% endfor %}",
        "0112True0314False")]
    [InlineData("{% for x in ['a','b','c'] %}{{ loop.previtem }}{{ x }}{{ loop.nextitem }}{{ loop.revindex }}{{ loop.cycle('o', 'e') }} {% endfor %}",
        "ab3o abc2e bc1o ")]
    [InlineData("{{ 'a' ~ 1 }} {{ 3 - 2 ** 2 }} {{ 'abc' | upper | lower ~ 'x' }} {{ (1 if true else 2) + 1 }} {{ [1,2,3] | max }} {{ 'ä'|capitalize }} {{ '<a>' | e }}",
        "a1 -1 abcx 2 3 Ä &lt;a&gt;")]
    [InlineData("{{ strftime_now('%Y-%m-%d %H:%M:%S %B %b %A %a %j %I %p %y %%') }}",
        "2025-03-09 14:05:07 March Mar Sunday Sun 068 02 PM 25 %")]
    [InlineData("line1\n{%+ if true %}x{% endif %}\n  {{ 1 }}\n  {{- 2 }}\n{{ 3 -}}\n  4\n",
        "line1\nx  12\n34")]
    public void Gives_what_jinja_gives(string source, string expected)
    {
        Assert.Equal(expected, new ChatTemplate(source).Render([], true, null, Now));
    }

    [Theory]
    [InlineData("{% if x %}", "endif")]
    [InlineData("{{ x", "}}")]
    [InlineData("{{ 'x }}", "string")]
    [InlineData("{# x", "comment")]
    [InlineData("{% nonsense %}", "nonsense")]
    [InlineData("{{ 1 | nonsense }}", "nonsense")]
    [InlineData("{{ 1 is nonsense }}", "nonsense")]
    [InlineData("{{ x.y.z }}", "undefined")]
    [InlineData("{{ x() }}", "cannot be called")]
    [InlineData("{{ 1 + 'a' }}", "not defined for")]
    [InlineData("{{ 1 / 0 }}", "zero")]
    [InlineData("{{ 10 ** 5000 }}", "bits")]
    [InlineData("{{ 10 ** 4000 * 10 ** 4000 }}", "too large")]
    [InlineData("{{ [].append(1) }}", "cannot be changed")]
    [InlineData("{% set x = {} %}{% set x.a = 1 %}", "namespace")]
    [InlineData("{{ raise_exception('no!') }}", "no!")]
    [InlineData("{% raw %}", "endraw")]
    [InlineData("{{ ) }}", "expected")]
    [InlineData("{{ range(1000000000) }}", "range")]
    [InlineData("{% for x in range(100000) %}{% for y in range(100000) %}{{ y }}{% endfor %}{% endfor %}", "hostile")]
    [InlineData("{{ 'a' * 9999999999 }}", "chars or items")]
    [InlineData("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "deep")]
    [InlineData("{% set ns = namespace(x='aaaaaaaaaa') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}", "chars or items")]
    public void Broken_and_hostile_templates_are_refused(string source, string reason)
    {
        var e = Assert.Throws<ChatTemplateException>(() => new ChatTemplate(source).Render([]));
        Assert.Contains(reason, e.Message);
    }

    [Theory]
    [InlineData("(")]
    [InlineData("[")]
    [InlineData("-")]
    [InlineData("not ")]
    [InlineData("1+")]
    [InlineData("x|upper|")]
    [InlineData("{'a':")]
    public void Deep_nesting_is_refused_without_a_crash(string part)
    {
        string source = "{{ " + string.Concat(Enumerable.Repeat(part, 100_000)) + "1 }}";
        Assert.Throws<ChatTemplateException>(() => new ChatTemplate(source).Render([]));
    }

    [Fact]
    public void Deep_blocks_are_refused_without_a_crash()
    {
        string source = string.Concat(Enumerable.Repeat("{% if 1 %}", 50_000));
        Assert.Throws<ChatTemplateException>(() => new ChatTemplate(source).Render([]));
    }

    [Fact]
    public void Many_threads_may_render_one_template()
    {
        var template = new ChatTemplate("{% for m in messages %}{{ m.role }}:{{ m.content }};{% endfor %}");
        Parallel.For(0, 200, i => Assert.Equal($"user:{i};", template.Render([new ChatTurn("user", $"{i}")])));
    }
}
