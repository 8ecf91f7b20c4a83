namespace Seriatim.Tokenizers.Tests;

/// <summary>Programs of our own making that use what real chat templates use, each a few lines.</summary>
internal static class TemplatePrograms
{
    public static readonly string[] All =
    [
        // Members: attribute before item with a dot, item before attribute with brackets.
        "{% set d = {'items': 1, 'keys': 2, 'get': 3, 'other': 4} %}{{ d['items'] }} {{ d.other }} {{ d['other'] }} {% for k, v in d.items() %}{{ k }}={{ v }} {% endfor %}{{ d.keys() | list }} {{ d.get('get') }}",
        "{% for name, p in tools[0].function.parameters.properties.items() %}{{ name }}:{{ p.type }}:{{ p['items'] is defined }}\n{% endfor %}",
        "{% for name, p in tools[0].function.parameters.properties | items %}{{ name }}{% if p['items'] %} of {{ p['items'].type }}{% endif %};{% endfor %}",
        "{% for name, p in tools[0].function.parameters.properties | dictsort %}{{ loop.index }}{{ name }} {{ p | tojson }}\n{% endfor %}",
        "{{ {'update': 1}.update }}|{{ {'update': 1}['update'] }}|{{ {'pop': 1}.pop is defined }}|{{ {'a': {'b': 2}}['a'].b }}|{{ [1].append }}|{{ 'x'.nothing }}|{{ (1, 2).0 }}|{{ [[1, 2]].0.1 }}",
        "{{ tools | tojson }}\n{{ tools | tojson(indent=2) }}\n{{ tools | tojson(indent=4, sort_keys=true) }}\n{{ tools[0] | tojson(separators=(',', ':'), ensure_ascii=true) }}",
        "{% for m in messages %}{{ m | tojson }}\n{% if m.tool_calls %}{% for c in m.tool_calls %}{{ c.function.arguments }}|{{ c.function.arguments | tojson }}{% for k, v in c.function.arguments.items() %}\n<{{ k }}>{{ v if v is string else v | tojson }}</{{ k }}>{% endfor %}{% endfor %}{% endif %}{% endfor %}",

        // Numbers.
        "{{ 1e-7 }} {{ 1e16 }} {{ 123456789012345680.0 }} {{ 1e15 }} {{ 0.1 + 0.2 }} {{ 100.0 }} {{ -0.0 }} {{ 5e-324 }} {{ 1.7976931348623157e308 }} {{ 1e400 }} {{ -1e400 }} {{ 2.5e-5 }} {{ 0.0001 }}",
        "{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 // -2 }} {{ 7 % -3 }} {{ -7 % 3 }} {{ 7.5 // 2 }} {{ -7.5 // 2 }} {{ 7.5 % -2 }} {{ -7.5 % 2 }} {{ 6 / 3 }} {{ 7 / 2 }} {{ 1 // 1.0 }} {{ 0.0 // 5 }} {{ 1e308 * 10 }} {{ true + true }}",
        "{{ 2 ** 10 }} {{ 2 ** -1 }} {{ 2 ** 0.5 }} {{ (-2) ** 3 }} {{ -2 ** 2 }} {{ 2 ** 3 ** 2 }} {{ 10 ** 30 }} {{ 0 ** 0 }} {{ 9223372036854775807 + 1 }} {{ -9223372036854775808 - 1 }} {{ 99999999999 * 99999999999 }} {{ 10 ** 30 // 10 ** 12 }} {{ (10 ** 30) % 7 }} {{ 10 ** 30 / 3 }} {{ 1.0 ** 5 }}",
        "{{ 1_000 }} {{ 0x_ff }} {{ 0b101 }} {{ 0o17 }} {{ 1E3 }} {{ 1e+3 }} {{ 1_0.5_0 }} {{ 00 }}",
        "{{ 5 | round }} {{ 5.5 | round }} {{ 4.5 | round }} {{ 2.675 | round(2) }} {{ 1234.5 | round(-2) }} {{ 1250 | round(-2) }} {{ 1.5 | round(0, 'ceil') }} {{ 1.23 | round(1, 'ceil') }} {{ -1.23 | round(1, method='floor') }} {{ true | round }} {{ 1e300 | round(2) }} {{ 5e-324 | round(3) }}",
        "{{ '42' | int }} {{ ' 42 ' | int }} {{ '42.9' | int }} {{ 'x' | int(7) }} {{ '0x1f' | int(base=16) }} {{ '1f' | int(0, 16) }} {{ '1_000' | int }} {{ none | int }} {{ 3.99 | int }} {{ -3.99 | int }} {{ '1e3' | int }} {{ [] | int(4) }} {{ '99999999999999999999' | int }}",
        "{{ '1.5' | float }} {{ '1e3' | float }} {{ 'inf' | float }} {{ ' 2 ' | float }} {{ 'x' | float(1) }} {{ none | float }} {{ 3 | float }} {{ '1_0' | float }} {{ '.5' | float }} {{ '5.' | float }}",
        "{{ -3 | abs }} {{ -2.5 | abs }} {{ true | abs }} {{ [3, 1, 2] | min }} {{ ['b', 'A'] | max }} {{ ['b', 'A'] | min(case_sensitive=true) }} {{ [{'a': 2}, {'a': 1}] | min(attribute='a') }} {{ [] | min }} {{ [1, 2.5, true] | sum }} {{ [{'n': 1}, {'n': 2}] | sum(attribute='n') }} {{ [1] | sum(start=10) }}",
        "{{ 1 < 1.5 }} {{ 2 ** 53 + 1 == (2 ** 53) * 1.0 }} {{ 1 == true }} {{ 0.5 == 1 / 2 }} {{ 1 < 2 < 3 }} {{ 3 > 2 > 2 }} {{ 1 != 1.0 }} {{ 'a' < 'b' <= 'b' }} {{ [1, [2]] < [1, [3]] }} {{ (1, 2) < (1, 2, 0) }} {{ '\\uffff' < '\\U00010000' }}",
        "{{ 7 is odd }} {{ 7.5 is odd }} {{ 4.0 is even }} {{ -1 is odd }} {{ 10 is divisibleby 5 }} {{ 1 is number }} {{ true is integer }} {{ 10 ** 30 is integer }} {{ 1.0 is float }} {{ 1 is sameas 1 }} {{ none is sameas none }}",

        // Keys that are no strings.
        "{% set d = {0: 'a', 512: 'b', 1.5: 'c', none: 'd', true: 'e', (1, 'x'): 'f'} %}{{ d }} {{ d[0] }}{{ d[512.0] }}{{ d[1.5] }}{{ d[none] }}{{ d[1] }}{{ d[(1, 'x')] }} {{ 512 in d }} {{ '512' in d }} {{ d.get(512) }} {{ d[7] is defined }}",
        "{{ {1: 1, 2.5: 2, none: 3, true: 4} | tojson }} {{ {3: 'a', 1: 'b'} | tojson(sort_keys=true) }} {{ {3: 'a', 1: 'b'} | dictsort }} {{ {'b': 1, 'A': 2} | dictsort }} {{ {'b': 1, 'A': 2} | dictsort(case_sensitive=true) }} {{ {'a': 2, 'b': 1} | dictsort(by='value', reverse=true) }}",
        "{% set d = {5: 'x'} %}{% for k in d %}{{ k + 1 }}{% endfor %}{% for k, v in d | dictsort %}{{ k * 2 }}{{ v }}{% endfor %}{{ d | items | list }}{{ dict([(1, 2), ('a', 3)]) }}{{ dict({'x': 1}, y=2) }}",

        // tojson.
        "{{ {'a': [], 'b': {}, 'c': [1, [2, {}]], 'd': none} | tojson(indent=2) }}{{ [1, 2] | tojson(indent='\t') }}{{ [1] | tojson(indent=0) }}{{ [1, 2] | tojson(separators=(';', '=')) }}{{ [1, 2] | tojson(indent=1, separators=(', ', ': ')) }}",
        "{{ 'é😀\\u2028<>&\\x7f\\x00\\\\\"/' | tojson }} {{ 'é😀\\u2028\\x7f' | tojson(ensure_ascii=true) }} {{ 1e-7 | tojson }} {{ 1e22 | tojson }} {{ (1, 'a') | tojson }} {{ true | tojson }} {{ none | tojson }} {{ 12345678901234567890 | tojson }}",

        // None and undefined.
        "{{ none | selectattr('a') | list }}{{ none | map('upper') | list }}{{ none | select | list }}{{ none | rejectattr('a', 'equalto', 1) | list }}{{ nothing | selectattr('a') | list }}{{ '' | map('upper') | list }}{{ 0 | reject | list }}",
        "{{ none | selectattr('type', 'equalto', 'x') | list | length }} {% if none | selectattr('a') %}a generator is true{% endif %}",
        "{{ nothing }}|{{ nothing is defined }}|{{ nothing | default('d') }}|{{ none | default('d') }}|{{ none | default('d', true) }}|{{ nothing ~ 'x' }}|{{ nothing == nothing }}|{{ nothing | length }}|{{ nothing | join(',') }}|{{ nothing | string }}|{{ nothing in ['a'] }}|{{ 'a' in nothing }}|{{ messages[99] is defined }}|{{ nothing | first is defined }}|{{ nothing or 'or' }}",
        "{{ nothing.x }}", "{{ nothing['x'] }}", "{{ nothing + 1 }}", "{{ nothing() }}", "{{ nothing > 1 }}", "{{ nothing | int }}", "{{ none | list }}", "{{ none | length }}", "{{ none.x is defined }}{{ 5 .x is defined }}", "{{ none[0] is defined }}", "{% for x in none %}{% endfor %}", "{{ nothing | tojson }}", "{{ -nothing }}",
        "{{ 'a' + 1 }}", "{{ [1] + (2,) }}", "{{ 1 < 'a' }}", "{{ {} < {} }}", "{{ 'a' in 5 }}", "{{ 5 in 'abc' }}", "{{ {[]: 1} }}", "{{ range(3) | tojson }}", "{{ {(1, 2): 1} | tojson }}", "{{ [1, 'a'] | sort }}", "{{ 'abc' | nonsense }}", "{{ 1 is nonsense }}",

        // Lists and what only gives items.
        "{{ range(3) }} {{ range(0, 10, 3) | list }} {{ range(5)[1:3] }} {{ range(5)[-1] }} {{ range(5) | length }} {{ range(3) == range(0, 3) }} {{ 2 in range(3) }} {{ range(10)[::-3] | list }} {{ range(0) | list }} {% for i in range(3) | reverse %}{{ i }}{% endfor %}",
        "{% set g = [1, 2, 3] | map('string') %}{{ g | first }}{{ g | list }}{{ g | list }}",
        "{{ [3, 1, 2] | sort(reverse=true) }} {{ ['b', 'A', 'c'] | sort }} {{ ['b', 'A', 'c'] | sort(case_sensitive=true) }} {{ [{'a': 1, 'b': 2}, {'a': 1, 'b': 1}] | sort(attribute='a,b') }} {{ 'hello' | sort | join }} {{ [[2, 1], [1, 5]] | sort }}",
        "{{ [1, 1.0, true, 2, 'a', 'A'] | unique | list }} {{ ['a', 'A'] | unique(case_sensitive=true) | list }} {{ [{'r': 'x'}, {'r': 'x'}] | unique(attribute='r') | list }}",
        "{{ [1, 2, 3, 4, 5] | batch(2, 'x') | list }} {{ [1, 2, 3, 4, 5] | slice(3) | list }} {{ [1, 2, 3, 4] | slice(3, 'f') | list }} {{ [] | batch(2) | list }}",
        "{% for g, items in [{'k': 'a', 'v': 1}, {'k': 'B', 'v': 2}, {'k': 'A', 'v': 3}] | groupby('k') %}{{ g }}{{ items | map(attribute='v') | list }}{% endfor %}{% for g in [{'k': 1}] | groupby('k') %}{{ g.grouper }}{{ g.list }}{{ g }}{% endfor %}",
        "{{ messages | map(attribute='role') | unique | join('/') }} {{ messages | selectattr('role', 'in', ['user', 'tool']) | map(attribute='content') | list }} {{ messages | rejectattr('role', 'equalto', 'user') | list | length }} {{ messages | selectattr('tool_calls', 'defined') | list | length }} {{ messages | map('length') | list }}",
        "{{ [1, 2, 3, 4] | select('gt', 2) | list }} {{ [1, 2, 3] | select('divisibleby', 2) | list }} {{ [0, 1, '', 'a'] | select | list }} {{ ['a', 1] | select('string') | list }} {{ [{'n': {'m': 1}}, {}] | map(attribute='n.m', default='-') | list }} {{ [[1, 2], [3]] | map(attribute=0) | list }}",
        "{{ [1, 2, 3, 4, 5][1:-1] }} {{ [1, 2, 3][::-1] }} {{ [1, 2, 3][-100:100] }} {{ [1, 2, 3][5:1] }} {{ 'hello'[::-2] }} {{ [1, 2, 3][2:0:-1] }} {{ (1, 2, 3)[:2] }} {{ messages[1:] | length }} {{ [1, 2, 3][none:2] }}",
        "{{ [1, 2] * 2 }} {{ 2 * [1] }} {{ (1,) * 3 }} {{ 'ab' * 2 }} {{ [] + [1] }} {{ (1,) + (2,) }} {{ [[]] * 0 }} {{ [1, 2].index(2) }} {{ [1, 1].count(1) }} {{ (1, 2).index(1) }} {{ [1].copy() }}",
        "{{ {'a': 1}.keys() }} {{ {'a': 1}.values() }} {{ {'a': 1}.items() }} {{ {'a': 1} | items | list }} {{ {'a': 1}.items() | length }} {{ ('a', 1) in {'a': 1}.items() }} {{ {'a': 1}.keys() | first }} {{ {'b': 1, 'a': 2}.values() | sort }} {{ {'a': 1} | list }} {{ {}.fromkeys(['x'], 1) }} {{ {'a': 1}.copy() == {'a': 1} }}",

        // Strings.
        "{{ '你好😀x' | length }} {{ '你好😀x'[2] }} {{ '你好😀x'[1:3] }} {{ '你好😀x'[::-1] }} {{ '😀' | center(5) }}| {{ '😀x'.find('x') }} {{ '😀' * 2 }} {{ '😀a' | list }} {{ '😀a' | first }} {{ '😀a' | reverse }} {{ 'a😀b'.split('😀') }} {{ '😀'.ljust(3, '好') }} {{ '好x'.rjust(4) }} {{ '😀'.zfill(3) }}",
        "{{ 'ß'.upper() }} {{ 'ŉ'.title() }} {{ 'ǆ'.title() }} {{ 'ΑΣ'.lower() }} {{ 'ΑΣΑ'.lower() }} {{ 'İ'.lower() }} {{ 'ﬁ'.capitalize() }} {{ 'ﬁx'.upper() }} {{ 'o\\'neil x-y'.title() }} {{ 'o\\'neil x-y' | title }} {{ 'aBc'.swapcase() }} {{ 'ÀÉ' | lower }} {{ 'ı'.upper() }} {{ 'ſ'.upper() }} {{ 'ÿ' | upper }} {{ 'µ' | upper }}",
        "{{ '  a b '.split() }} {{ ' a  b  c '.split(none, 1) }} {{ ' a  b  c '.rsplit(none, 1) }} {{ 'a,b,,c'.split(',', 2) }} {{ 'a,b,,c'.rsplit(',', 2) }} {{ 'a\\nb\\r\\nc\\x0bd\\u2028e'.splitlines() }} {{ 'a\\nb\\n'.splitlines(true) }} {{ ''.split() }} {{ ''.split(',') }} {{ 'a--b'.split('--', maxsplit=1) }} {{ 'a b'.partition(' ') }} {{ 'a b c'.rpartition(' ') }} {{ 'a'.rpartition('x') }}",
        "{{ 'abcabc'.find('c', 3) }} {{ 'abcabc'.rfind('b') }} {{ 'abc'.index('b') }} {{ 'abcabc'.count('b', 2) }} {{ 'abc'.count('') }} {{ 'aaa'.replace('a', 'b', 2) }} {{ 'ab'.replace('', '-') }} {{ 'abc'.startswith('bc', 1) }} {{ 'abc'.endswith(('x', 'c')) }} {{ 'abc'.startswith('') }} {{ 'abc'.find('', 9) }} {{ 'abc'.rfind('', 1, 2) }}",
        "{{ 'xxaxx'.strip('x') }} {{ 'abcab'.lstrip('ab') }} {{ 'abc'.rstrip('') }} {{ '\\x1f a \\u3000'.strip() }}| {{ 'abc'.removeprefix('ab') }} {{ 'abc'.removesuffix('bc') }} {{ 'a\tb'.expandtabs(4) }} {{ '-5'.zfill(4) }} {{ 'a'.center(4) }}| {{ 'ab'.center(5) }}| {{ 'ab' | center(5) }}|",
        "{{ '12'.isdigit() }} {{ '²'.isdigit() }} {{ '½'.isnumeric() }} {{ '½'.isdigit() }} {{ 'aé'.isalpha() }} {{ 'a1'.isalnum() }} {{ ''.isalpha() }} {{ 'A b'.istitle() }} {{ 'A B'.istitle() }} {{ 'a\\n'.isprintable() }} {{ 'a1_'.isidentifier() }} {{ 'é'.isascii() }} {{ ' \\t'.isspace() }} {{ 'A1'.isupper() }} {{ '1'.islower() }} {{ '٣'.isdecimal() }}",
        "{{ ['it\\'s', 'a\"b', 'a\\'\"b', 'é', '\\x00\\x7f\\xa0', '\\u200b', '😀', 'a\\nb\\\\'] }} {{ {'k\\'': none} }} {{ ('a',) }} {{ [()] }} {{ [true, 1.0, {}] | string }} {{ '\\u0378' | list }}",
        "{{ '%s|%5s|%-5s|%05d|%+d|%x|%X|%o|%c|%r|%%' % ('a', 'b', 'c', 42, 7, 255, 255, 8, 'z', 'q') }} {{ '%.3f %e %g %g %g' % (2.0005, 12345.678, 0.00001, 1e20, 100.0) }} {{ '%(a)s-%(b)03d' % {'a': 1, 'b': 2} }} {{ '%*d' % (5, 42) }} {{ '%s' % none }} {{ '%s' % [1, 2] }} {{ '%d' % 3.99 }} {{ '%.2s' % 'abc' }} {{ '%s %s' | format('x', 1) }} {{ '%(n)s' | format(n=5) }} {{ '%.0f %.0f %.1f' % (0.5, 1.5, 0.25) }} {{ '%#x' % 255 }} {{ '% d' % 5 }}",
        "{{ '%d' % 'a' }}", "{{ '%s %s' % 'a' }}", "{{ '%s' % ('a', 'b') }}", "{{ '%q' % 1 }}", "{{ '%(a)s' % {'b': 1} }}",
        "{{ '{} {}'.format(1, 'a') }} {{ '{1}{0}'.format('a', 'b') }} {{ '{a.role}'.format(a=messages[0]) if false }} {{ '{0[role]}'.format(messages[0]) }} {{ '{:>5}|{:<5}|{:^5}|{:*^7}'.format('a', 'b', 'c', 'd') }} {{ '{:05d} {:,} {:_} {:x} {:#x} {:b} {:+d} {:c}'.format(42, 1234567, 1234567, 255, 255, 5, 3, 97) }} {{ '{:.2f} {:.1%} {:e} {:g} {:.3} {} {:10.2f}|'.format(3.14159, 0.256, 12345.6, 0.0001, 3.14159, 1e16, 2.5) }} {{ '{!r} {!s}'.format('a', 'b') }} {{ '{{}}'.format() }} {{ '{:{}}'.format('a', 4) }}| {{ '{:.3}'.format('abcdef') }} {{ '{:.3} {:.2}'.format(100.0, 10.0) }}",
        "{{ 'a\\nb\\n\\nc' | indent }}|{{ 'a\\nb' | indent(2, true) }}|{{ 'a\\n\\nb' | indent(2, blank=true) }}|{{ 'a\\nb\\n' | indent('>') }}|{{ '' | indent(2, true) }}|",
        "{{ 'hello world and more' | truncate(12) }}|{{ 'hello world and more' | truncate(12, true) }}|{{ 'hello world' | truncate(5, false, '…', 0) }}|{{ 'short' | truncate(3, leeway=9) }}|{{ 'a bb ccc dddd eeeee' | wordwrap(6) }}|{{ 'abcdefghij kl' | wordwrap(4) }}|{{ 'abcdefghij kl' | wordwrap(4, false) }}|{{ 'a  b' | wordwrap(2) }}|{{ 'one two_three 4' | wordcount }}",
        "{{ 'a<' + ('<b>' | safe) + '&' }} {{ ('<b>' | safe) ~ '<' }} {{ ' <b> ' | safe | trim | upper }}| {{ '<' | e + '<' }} {{ ('<b>' | safe) == '<b>' }} {{ {'a': '<'} | tojson | safe }} {{ '<a>' | e | replace('&', '+') }} {{ '<b>' | e | length }} {{ '<b>' | e is string }} {{ ['<b>' | e] | join('<') }}",
        "{{ '<a href=\"x\">' | e }} {{ '<b>' | escape | e }} {{ '<b>' | forceescape }} {{ '<i>' | safe }} {{ '<p>a  <b>b</b>\\n&amp; c</p><!-- x -->' | striptags }} {{ 'a b/c?é' | urlencode }} {{ {'a': 'x y', 'b': '/'} | urlencode }} {{ {'a': 1, 'b': none, 'c': '<'} | xmlattr }} {{ 'no links here' | urlize }} {{ 1000 | filesizeformat }} {{ 1 | filesizeformat }} {{ 999 | filesizeformat }} {{ 1536 | filesizeformat(true) }} {{ 10 ** 27 | filesizeformat }} {{ {'b': [1], 'a': 'x'} | pprint }}",
        "{{ [1, 'a', none, 2.5] | join('-') }} {{ [{'n': 'x'}, {'n': 'y'}] | join(', ', attribute='n') }} {{ 'abc' | join('.') }} {{ ','.join(['a', 'b']) }} {{ 'x'.join('abc') }} {{ {'a': 1} | join }}",
        "{{ ','.join([1]) }}", "{{ 'a'.split('') }}", "{{ 'abc'.index('z') }}", "{{ 'a'.center(3, 'ab') }}", "{{ 'a'.encode() }} {{ 'é'.encode() }} {{ 'é'.encode().decode() }}", "{{ '\\x41\\u00e9\\U0001F600\\101\\q\\'\\\"\\a' | tojson }}", "{{ '\\é' }}",

        // Statements.
        "{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a }}{% set a = 5 %}{% with a = a + 1 %}{{ a }}{% endwith %}{{ a }}{% with %}{% set q = 1 %}{% endwith %}{{ q }}",
        "{% filter upper | replace('A', 'b') %}a{{ 'a' }}c{% endfilter %}{% set x | trim | upper %}  y {% endset %}{{ x }}{% print 1, 2 %}",
        "{% for x in [1, 1, 2, 2, 1] %}{{ loop.changed(x) }}{{ loop.cycle('a', 'b', 'c') }}{% endfor %}",
        "{% for x in [1, 2, 3] %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop }} {% endfor %}",
        "{% for i in [1, [2, [3, 4]], 5] recursive %}{% if i is iterable %}({{ loop(i) }}){% else %}{{ i }}.{{ loop.depth }}{% endif %}{% endfor %}",
        "{% for a, (b, c) in [(1, (2, 3)), [4, 'xy']] %}{{ a }}{{ b }}{{ c }}{% endfor %}{% set a, (b, c) = 1, [2, 3] %}{{ a }}{{ b }}{{ c }}{% for x in 1, 2 %}{{ x }}{% endfor %}{% for k, v in ['ab', 'cd'] %}{{ k }}{{ v }}{% endfor %}",
        "{% for x in range(6) if x is even %}{{ x }}{{ loop.length }}{% else %}none{% endfor %}{% for x in [] %}a{% else %}none{% endfor %}{% for x in range(5) %}{% if x == 1 %}{% continue %}{% elif x == 3 %}{% break %}{% endif %}{{ x }}{% endfor %}",
        "{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{{ x }}{% endfor %}{{ x }}{% if true %}{% set x = 3 %}{% endif %}{{ x }}{% set ns = namespace(n=0, l=[]) %}{% for i in range(3) %}{% set ns.n = ns.n + i %}{% set ns.l = ns.l + [i] %}{% endfor %}{{ ns.n }}{{ ns.l }}{{ ns }}{% set ns.new = 1 %}{{ ns.new }}{{ ns.missing }}",
        "{% macro m(a, b='B', c=a) %}{{ a }}{{ b }}{{ c }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m('x') }} {{ m('x', 'y', 'z', 'w', k=1) }} {{ m(b=1, a=2) }} {{ m.name }}{{ m.arguments }}{{ m.catch_kwargs }}{{ m.catch_varargs }}{{ m.caller }}{{ m }}",
        "{% macro m(a) %}{{ a }}{{ x }}{% endmacro %}{{ m() }}{% set x = 7 %}{{ m(1) }}{% for x in [8] %}{{ m(2) }}{% endfor %}{% macro n(x) %}{% macro inner() %}{{ x }}{% endmacro %}{{ inner() }}{% endmacro %}{{ n(5) }}",
        "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}", "{% macro m(*a) %}{% endmacro %}",
        "{% macro m(t) %}<{{ t }}>{{ caller() }}{{ caller('u') }}</{{ t }}>{% endmacro %}{% call(u='d') m('p') %}[{{ u }}]{% endcall %}{% set f = m %}{% macro list(x) %}{% for i in x %}{{ i }}{% endfor %}{% endmacro %}{{ list(*[[1, 2]]) }}{{ list(**{'x': [3]}) }}",
        "{% generation %}{% set y = 1 %}g{{ y }}{% endgeneration %}{{ y }}{% set j = joiner('; ') %}{{ j() }}a{{ j() }}b{% set c = cycler('o', 'e') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ self }}",
        "{{ 'a' if false }}|{{ 'a' if false else 'b' if false else 'c' }}|{{ not 1 in [2] }}|{{ 1 if 0 or 2 }}|{{ (1 if false) is defined }}|{{ 'defined' is test }}|{{ 'upper' is filter }}|{{ 'x' is callable }}|{{ range is callable }}|{{ 'A' is upper }}|{{ [] is sequence }}|{{ {}.keys() is sequence }}|{{ 'ab' is in 'abc' }}|{{ 3 is eq 3.0 }}|{{ x is not defined and not y }}",
        "{{ x is defined if true }}", "{{ [1] | first[0] }}", "{% set true = 1 %}", "{% if 1 %}", "{% endif %}", "{{ 1 2 }}", "{{ 'a' ", "{{ {'a' 1} }}", "{{ f(a=1, 2) }}", "{% for x in y z %}{% endfor %}", "{{ 1.2.3 }}", "{{ 017 }}", "{{ 1a }}",

        // White space.
        "a\n  {% if true %}\n    b\n  {% endif %}\nc\n", "a\n  {%- if true -%}\n    b\n  {%- endif -%}\nc\n", "a\n  {%+ if true +%}\n    b\n  {%+ endif %}\nc\n\n", "  {{ 1 }}  \n  {{- 2 -}}  \n 3\n", "x {# c #}\n  {# d #}\n  {#- e -#}\n y {#+ f +#}\n z", "{% raw %}\n {{ x }} {% endraw %}\n|{%- raw -%}  {% x %}  {%- endraw -%}  |  {%+ raw %} y {% endraw +%}\n z", "{% if true %}a{% endif %} {% if true %}b{% endif %}\n\t{% set x = 1 %}\n{{ x }}\r\nq\rz\n", "\u00a0 {% if true %}x{% endif %}\f\n \v{%- if true %}y{% endif %}",

        // Times.
        "{{ strftime_now('%d %b %Y|%-d/%-m/%y|%H:%M:%S|%I %p|%A %B %j|%e|%w %u %U %W|%F %T %D %R|%%|%Z%z|%-H %-I %_d %^a') }}",
    ];
}
