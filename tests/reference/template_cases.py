#!/usr/bin/env python3
"""Writes what Jinja2 and Python make of many templates and literals, for the tests of the engine.

    python3 tests/reference/template_cases.py > tests/engine/template/template_cases.json

Needs Jinja2 3.1. The environment is Jinja2's default with what the engine documents on top:
undefined things are errors in every test and filter but those made for them, ranges, views and
generators are lists, what is left out is not there, and Kur's filters are. The names that Jinja2 and
Python have are written too, so that a test can tell that each is there or said to be left out.
"""

import ast
import copy
import functools
import itertools
import json
import os
import re
import sys

import jinja2

SCOPE = {
    "i": 7, "z": 0, "neg": -3, "f": 2.5, "t": True, "n": None, "s": "Hello World", "e": "",
    "l": [3, 1, 2], "d": {"b": 2, "a": 1, "C": 3}, "words": ["foo", "Bar", "baz", "foo"],
    "cnn": {"kernels": [64, 128, 256], "size": [2, 2], "strides": 1, "name": "cnn"},
    "users": [{"name": "ann", "age": 31, "tags": ["x"]}, {"name": "Bob", "age": 25, "tags": []},
              {"name": "cy", "age": 31, "tags": ["x", "y"]}],
    "tree": [{"v": 1, "c": [{"v": 2, "c": []}, {"v": 3, "c": [{"v": 4, "c": []}]}]}],
    "uni": "Grüße", "multi": "one\ntwo\n\nthree", "html": "<a href=\"x\">T &amp; 'c'</a>",
    "path": "/data/x.tar.gz", "index": 1,
    "mixed": {"int": 1, "float": 2.0, "list": [1, "a", None], "dict": {"k": True}},
}


def listed(function):
    """The filter, giving a list where it gives a generator."""
    @functools.wraps(function)
    def call(*args, **kwargs):
        result = function(*args, **kwargs)
        return result if isinstance(result, str) else list(result)
    return call


def defined_only(test):
    """The test, refusing what is undefined."""
    @functools.wraps(test)
    def call(*args):
        if any(isinstance(arg, jinja2.Undefined) for arg in args):
            raise jinja2.UndefinedError
        return test(*args)
    return call


# What the engine has of Jinja2 and Python.
FILTERS = {"abs", "capitalize", "count", "d", "default", "first", "float", "format", "int", "items",
           "join", "last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr",
           "replace", "reverse", "round", "select", "selectattr", "sort", "string", "sum", "title",
           "trim", "unique", "upper"}
LEFT_OUT_TESTS = {"callable", "escaped", "filter", "lower", "sameas", "test", "upper"}
METHODS = {
    str: {"capitalize", "count", "endswith", "find", "join", "lower", "lstrip", "replace", "rstrip",
          "split", "startswith", "strip", "title", "upper", "zfill"},
    list: {"index"}, tuple: {"index"}, dict: {"get", "items", "keys", "values"},
}


class Environment(jinja2.Environment):
    """Knows the methods that the engine knows; the views of dictionaries are lists."""

    def getattr(self, obj, attribute):
        if isinstance(obj, dict) and attribute in ("items", "keys", "values") and (
                attribute not in obj):
            return lambda: list(getattr(obj, attribute)())
        known = METHODS.get(type(obj))
        if known is not None and attribute not in known and hasattr(obj, attribute):
            return self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)


def environment():
    env = Environment(undefined=jinja2.StrictUndefined)
    env.filters = {name: listed(function) if name in ("map", "select", "reject", "selectattr",
                                                      "rejectattr", "unique", "items", "reverse")
                   else function for name, function in env.filters.items() if name in FILTERS}
    env.tests = {name: test if name in ("defined", "undefined") else defined_only(test)
                 for name, test in env.tests.items() if name not in LEFT_OUT_TESTS}
    env.filters["combine"] = lambda value, new=None: {**value, **(new or {})}
    env.filters["as_dict"] = lambda value, key: {key: value}
    env.filters["ternary"] = lambda value, yes, no: yes if value else no
    env.filters["basename"] = os.path.basename
    env.filters["dirname"] = os.path.dirname
    env.filters["splitext"] = os.path.splitext
    env.globals = {
        "range": lambda *bounds: list(range(*bounds)), "gpu_count": lambda: 4,
        "load_json": lambda path: {"path": path, "size": [1, 2]},
    }
    return env


ENV = environment()


def expected(template):
    try:
        # A copy: some filters of Jinja2 change the list that they get.
        output = ENV.from_string(template).render(**copy.deepcopy(SCOPE))
    except Exception:  # whatever Jinja2 or Python object to
        return {"error": True}
    integers = map(int, re.findall(r"(?<![\d.e+])-?\d{19,}(?![\d.])", output))
    too_large = any(not -2 ** 63 <= integer < 2 ** 63 for integer in integers)
    is_complex = re.search(r"\dj\)", output)
    return {"error": True} if too_large or is_complex else {"output": output}


def operators():
    values = ["0", "1", "-7", "3", "2.5", "-0.5", "true", "none", "'ab'", "''", "[1, 2]", "[]",
              "(1,)", "{'a': 1}"]
    symbols = ["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", ">", ">=", "in",
               "not in", "and", "or"]
    for left, symbol, right in itertools.product(values, symbols, values):
        yield f"{{{{ ({left}) {symbol} ({right}) }}}}"
    for sign, value in itertools.product(["-", "+", "not "], values):
        yield f"{{{{ {sign}({value}) }}}}"


def filters():
    subjects = ["i", "neg", "f", "t", "n", "s", "e", "l", "d", "words", "multi", "uni", "html",
                "[]", "'42.6'", "' 0x1A '", "'abc def'", "[1.5, 2]", "[[1, 'a'], [2, 'b']]",
                "(1, 2, 3)", "{'x': 'y z', 'k': none}", "'a-b c(d)[e] f'", "range(5)", "1e300",
                "-2.675", "1234567"]
    calls = [
        "abs", "capitalize", "count", "default('q')", "default('q', true)",
        "d(boolean=true, default_value=1)", "first", "float", "float(9.5)", "format(1)", "int",
        "int(5)", "items", "join", "join('-')", "join(d='+')", "last",
        "length", "list", "lower", "max", "min", "replace('o', '0')", "replace('o', '0', 1)",
        "replace('', '-')", "reverse", "round", "round(1)", "round(2, 'floor')", "round(1, 'ceil')",
        "round(method='floor')", "select", "select('odd')", "select('string')",
        "reject('none')", "reject", "sort", "sort(true)",
        "sort(reverse=true, case_sensitive=true)", "string", "sum", "sum(start=10)", "title", "trim",
        "trim('Hdl')", "unique", "upper", "map('string')", "map('upper')", "map('default', 1)",
        "combine({'z': 9})", "as_dict('key')", "ternary('yes', 'no')", "basename", "dirname",
        "splitext", "nosuchfilter"]
    for subject, call in itertools.product(subjects, calls):
        yield f"{{{{ {subject} | {call} }}}}"


def tests():
    subjects = ["i", "z", "neg", "f", "t", "n", "s", "e", "'up'", "'UP'", "l", "d", "(1,)",
                "range(3)", "missing", "d.nothing", "12"]
    names = ["defined", "undefined", "none", "boolean", "true", "false", "integer", "float",
             "number", "string", "mapping", "sequence", "iterable", "odd", "even", "divisibleby(3)", "divisibleby 2",
             "in [7, 'up', none]", "in('UP Hello World')", "eq 7", "equalto('up')", "ne(0)",
             "gt 1", "greaterthan 2", "ge(7)", "lt 3", "lessthan 1", "le(7)"]
    for subject, name in itertools.product(subjects, names):
        yield f"{{{{ {subject} is {name} }}}}"
        yield f"{{{{ {subject} is not {name} }}}}"


def string_methods():
    subjects = ["s", "e", "uni", "multi", "'  pad  '", "'a,b,,c'", "'a b  c'", "'x=1=2'", "'42'",
                "'-7'", "'ABC'", "'it\\'s o.k.'", "'tab\\tx'"]
    calls = ["upper()", "lower()", "title()", "capitalize()", "strip()", "lstrip()", "rstrip()",
             "strip('ae ')", "split()", "split(',')", "split(' ')", "split(',', 1)",
             "split(maxsplit=1)", "split(none, 1)", "split(none, 0)", "join(['1', '2'])",
             "join('xy')", "join([1])", "replace('l', 'L')", "replace('l', 'L', 1)",
             "replace('', '.')", "startswith('H')", "startswith(('a', 'x'))", "endswith('c')",
             "find('o')", "find('zz')", "find('')", "count('l')", "count('')", "zfill(5)",
             "zfill(-1)", "nosuch()", "upper(1)"]
    for subject, call in itertools.product(subjects, calls):
        yield f"{{{{ ({subject}).{call} }}}}"


def slices():
    bounds = ["", "0", "1", "-1", "2", "5", "-9"]
    for subject in ("l", "s", "uni", "(1, 2, 3, 4)"):
        for begin, end, step in itertools.product(bounds, bounds, ["", "2", "-1", "-2"]):
            yield f"{{{{ {subject}[{begin}:{end}{':' + step if step else ''}] }}}}"
        for index in ("0", "1", "-1", "9", "-9", "'x'", "1.0", "true", "none"):
            yield f"{{{{ {subject}[{index}] }}}}"


def formats():
    for spec, value in itertools.product(
            ["%d", "%5d", "%-5d|", "%05d", "%-05d|", "%+d", "% d", "%+ 5d", "%x", "%X", "%o", "%e", "%.2e",
             "%f", "%.0f", "%8.3f", "%-8.2f|", "%08.2f", "%g", "%.3g", "%G", "%s", "%10s", "%-6s|",
             "%.2s", "%r", "%%", "%.3d", "%i", "%+.1f", "%q", "%"],
            ["1", "-42", "0", "3.14159", "1e18", "'text'", "none", "true", "[1]", "(1, 2)", "255",
             "1234567.891"]):
        yield f"{{{{ '{spec}' % {value} }}}}"
        if value != "(1, 2)":
            yield f"{{{{ '{spec}' | format({value}) }}}}"


def floats():
    for number in ("0.1", "1.0", "100000.0", "1e15", "1e16", "1.5e16", "123456789.123456789",
                   "1e-4", "1e-5", "0.00012345", "1e22", "1e300*1e10", "-1e300*1e10", "0.1+0.2",
                   "1/3", "2/3", "1e100", "5e-324", "-0.0", "7.0//2", "-7.0//2", "7//-2", "-7//2",
                   "7%-3", "-7%3", "7.5%-2", "-7.5%2", "2**0.5", "2**-2", "2**3**2", "-2**2",
                   "10**18", "9223372036854775807", "9223372036854775807 + 0", "4**0.5", "0**0",
                   "0.0**0", "1_000", "0x1f", "0b101", "0o17", "1e3", "1.5E-3", "0xFF_FF", "07"):
        yield f"{{{{ {number} }}}}"
        yield f"{{{{ [{number}] }}}}"
        yield f"{{{{ ({number})|int }}}}"
        yield f"{{{{ ({number})|round(3) }}}}"


HAND_WRITTEN = r"""
plain text
{{ cnn.kernels[index] | length if false else cnn.kernels|length + 1 }}
{{ cnn.kernels[index] }} {{ cnn['kernels'][0] }} {{ cnn.kernels.0 }} {{ cnn.kernels|length }}
{{ i + 1 * 2 }} {{ (i + 1) * 2 }} {{ i - 1 - 2 }} {{ 2 * 3 % 4 }} {{ 100 / 10 / 2 }}
{{ 1 + 2 ~ 3 + 4 }} {{ 1 ~ 2 * 3 }} {{ 'a' ~ 1 + 2 }}
{{ not true == false }} {{ not (1 == 2) }} {{ not not 1 }}
{{ 1 < 2 < 3 }} {{ 3 > 2 > 2 }} {{ 1 < 2 == 2 }} {{ 1 == 1.0 == true }}
{{ 0 or 'x' }} {{ '' or none or [] }} {{ 1 and 2 }} {{ 0 and x }} {{ 1 or x }}
{{ 'x' if t }}|{{ 'x' if not t }}|{{ 'x' if z else 'y' if e else 'w' }}
{{ 'x' if not t is defined }}
{{ ('x' if z) is defined }} {{ ('x' if z)|default('dd') }}
{{ missing }}
{{ missing.attribute }}
{{ missing | default(3) }} {{ missing | d }} {{ d.nothing | default('none') }}
{{ missing.deep | default(3) }}
{{ [missing] }}
{{ [missing]|map('default', 3)|list }}
{{ missing + 1 }}
{{ missing == 1 }}
{{ missing ~ 'x' }}
{{ missing and 1 }}
{{ 1 and missing }}
{% if missing %}x{% endif %}
{% if missing is defined and missing %}x{% else %}y{% endif %}
{% for x in missing %}{% endfor %}
{% set x = missing %}{{ x is defined }}
{{ (1, 2) }} {{ (1,) }} {{ () }} {{ 1, 2 }} {{ 1, }}
{{ [1, 'a', 2.5, none, true, [], {}] }} {{ {'a': [1, (2,)], 3: none} }} {{ [1, 2,] }} {{ {'a': 1,} }}
{{ ['it\'s', "say \"x\"", 'both \' "', 'tab\t', 'new\nline', 'back\\slash', '\x00\x1f\x7f', 'é', '\u200b', '😀'] }}
{{ 'a' 'b' "c" }} {{ 'esc \x41 \u00e9 \101 \q' }} {{ "multi
line" }}
{{ d.items() }} {{ d.keys() }} {{ d.values() }} {{ d.items()|list }} {{ d.keys()|list }}
{{ d.get('a') }} {{ d.get('zz') }} {{ d.get('zz', 5) }} {{ d['a'] }} {{ d.a }} {{ d['zz'] is defined }}
{{ 'a' in d }} {{ 'zz' not in d }} {{ 1 in l }} {{ 'ell' in s }} {{ 3 in range(5) }} {{ 5 in range(5) }}
{{ 1 in 'x' }}
{{ l.index(2) }} {{ words | select('==', 'foo') | length }}
{{ l.index(99) }}
{{ l + [4] }} {{ l * 2 }} {{ 2 * [0] }} {{ (1,) + (2,) }} {{ 'ab' * 3 }} {{ 0 * 'ab' }} {{ -1 * [1] }}
{{ [1, 2] == [1, 2.0] }} {{ [1] == (1,) }} {{ {'a': 1} == {'a': 1.0} }} {{ (1, 2) < (1, 3) }} {{ [2] > [1, 5] }}
{{ [1] < ['a'] }}
{{ 9223372036854775807 + 1 }}
{{ 9223372036854775807 * 2 }}
{{ -9223372036854775807 - 2 }}
{{ 2 ** 63 }}
{{ 2 ** 62 }} {{ (-2) ** 63 }} {{ (-1) ** 100 }} {{ 1 ** 1000000 }}
{{ 1 / 0 }}
{{ 1 // 0 }}
{{ 1.0 % 0 }}
{{ 0 ** -1 }}
{{ range(3) }} {{ range(1, 7, 2) }} {{ range(5, 0, -2)|list }} {{ range(0)|list }} {{ range(3)|length }} {{ range(10)[3] }} {{ range(10)[-1] }}
{{ range(1, 2, 0) }}
{{ range(1.5) }}
{{ gpu_count() * 2 }} {{ load_json('a.json').size[1] }} {{ load_json('a.json') }}
{{ 5 is in [1, 5] }} {{ 5 is not in [1, 5] }} {{ not 5 in [1] }} {{ 1 + 1 is divisibleby 2 }}
{{ -1|abs }} {{ (-1)|abs }} {{ 2 * 3|float }} {{ -f|int }} {{ 'a' ~ 'b'|upper }}
{{ i is odd is true }}
{{ users | map(attribute='zip')|list }}
{{ users | map(attribute='zip', default=0)|sum }}
{{ users | sum(attribute='age') }} {{ users|sum('age', 100) }} {{ [[1], [2]]|sum(start=[]) }}
{{ ['a', 'b']|sum }}
{{ users | sort(attribute='name')|map(attribute='name')|list }} {{ users|sort(attribute='name', case_sensitive=true)|map(attribute='name')|list }}
{{ users | min(attribute='age') }} {{ users|max(attribute='name') }} {{ words|min }} {{ words|max(case_sensitive=true) }}
{{ []|min }}
{{ []|first }}
{{ []|first|default('none') }} {{ []|max|d(0) }} {{ ''|last|d('e') }}
{{ words|unique }} {{ ['a', 'A']|unique }} {{ ['a', 'A']|unique(true) }} {{ users|unique(attribute='age')|map(attribute='name')|list }}
{{ [1, true, 1.0, 2]|unique }} {{ [3, 1, 2]|sort|first }} {{ [true, 0, 2]|sort }}
{{ [1, 'a']|sort }}
{{ [none, 1]|max }}
{{ l|select('gt', 1) }} {{ l|select('>', 1)|list }} {{ l|reject('in', [1, 2]) }} {{ l|select('even')|map('string') }}
{{ l|select('nosuchtest') }}
{{ l|map('nosuchfilter') }}
{{ ['1', '2']|map('int')|sum }} {{ words|map('replace', 'o', '0')|join }} {{ words|map('upper')|map('first') }}
{{ l|map }}
{{ d|items }} {{ d|items|map('first')|list }}
{{ [1]|items }}
{{ '%s is %d'|format('x', 3) }} {{ '%(a)s-%(b)05.1f'|format(a=1, b=2) }} {{ '%(a)s' % {'a': 5} }} {{ '%s' % d }} {{ '%s %s' % (1, 2) }}
{{ '%s'|format(1, 2) }}
{{ '%s %s'|format(1) }}
{{ '%d'|format('x') }}
{{ '%f'|format(1e20) }} {{ '%.0f'|format(1e17) }} {{ '%d'|format(1e17) }}
{{ '%d'|format(1e20) }}
{{ '%s|%5s|%-5s|%05d|%+.2e|%x|%%'|format('a', 'b', 'c', -3, 12345.678, 255) }}
{{ 42.5|round(0, 'ceil') }} {{ -42.5|round(0, 'floor') }} {{ 1e17|round(1, 'floor') }}
{{ 3|round(1, 'middle') }}
{{ '1.5'|float }} {{ 'x'|float }} {{ 'x'|float(2.5) }} {{ 'nan'|float }} {{ '-inf'|float }} {{ '1_0.5'|float }} {{ '.5'|float }} {{ '5.'|float }} {{ 3|float }}
{{ 'path/to/f.tar.gz'|basename }} {{ 'path/to/f'|dirname }} {{ '/f'|dirname }} {{ 'a//b'|dirname }} {{ 'f'|dirname }} {{ 'x.tar.gz'|splitext }} {{ '.bashrc'|splitext }} {{ 'a.b/c'|splitext }} {{ '..x.y'|splitext }}
{{ s.upper().lower()[1:4]|title }} {{ s|upper|lower|replace('l', '')|length }}
{{ '%s' % 'a' % 'b' }}
{{ foo() }}
{{ 5() }}
{{ s.nosuch }}
{{ s.nosuch() }}
{{ 3 | nosuch }}
{{ 3 is nosuch }}
{{ }}
{{ 1 + }}
{{ (1 }}
{{ [1, }}
{{ 'abc }}
{{ 1 2 }}
{{ a b }}
{{ {'a' 1} }}
{{ {1: 2 }}
{{ 1 ! 2 }}
{{ $x }}
{{ x. }}
{{ x| }}
{{ x is }}
{{ )( }}
{{ (] }}
{{ 1 if }}
{{ 1
{% if %}{% endif %}
{% if 1 %}
{% endif %}
{% for x in l %}
{% for in l %}{% endfor %}
{% for x l %}{% endfor %}
{% for loop in l %}{% endfor %}
{% set %}
{% set 1 = 2 %}
{% set true = 2 %}
{% set x 1 %}
{% nosuch %}
{% %}
{# open
{{ [[1, 2], [3, 4]][1][0] }} {{ 'abc'[1] }} {{ uni[2] }} {{ uni[-1] }} {{ uni|length }} {{ uni|upper }} {{ uni|reverse }}
{{ {'a': {'b': [1, {'c': 'deep'}]}}.a.b[1].c }}
{{ {'a':{'b':1}} }}{{ {'a':1}['a'] }}
{{ '}}' }}{{ "{{" }}{{ '{%' }}
{{ {"items": 5}['items'] }} {{ {"keys": 1}.get("keys") }}
{{ {[]: 1} }}
{{- ' x ' -}}  y  {{- ' z ' }}
 a {%- if true %} b {% endif -%} c 
 a {%+ if true +%} b {%+ endif +%} c 
x  {#- comment -#}  y
x  {# comment #}  y{# multi
line #}z
{% if i > 5 %}big{% elif i > 3 %}mid{% else %}small{% endif %}
{% if i > 50 %}big{% elif i > 3 %}mid{% else %}small{% endif %}
{% if i > 50 %}big{% elif i > 30 %}mid{% else %}small{% endif %}
{% if true: %}x{% endif %}
{% for x in l %}{{ x }}{% if not loop.last %},{% endif %}{% endfor %}
{% for x in [] %}{{ x }}{% else %}empty{% endfor %}
{% for x in l if x > 1 %}{{ x }}{{ loop.index }}/{{ loop.length }} {% else %}none{% endfor %}
{% for x in l if x > 10 %}{{ x }}{% else %}none{% endfor %}
{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}
{% for k in d %}{{ k }}{% endfor %}
{% for c in 'héy' %}{{ c }}.{% endfor %}
{% for a, (b, c) in [(1, (2, 3)), (4, (5, 6))] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for a, b in [(1, 2, 3)] %}{% endfor %}
{% for x in 5 %}{% endfor %}
{% for x in 1, 2, 3 %}{{ x }}{% endfor %}
{% for x in l %}{% for y in 'ab' %}{{ x }}{{ y }}{{ loop.index }} {% endfor %}{{ loop.index }}{% endfor %}
{% for x in l %}{% set outer = loop %}{% for y in 'ab' %}{{ outer.index }}{{ loop.index }} {% endfor %}{% endfor %}
{% for x in l %}{% set i = i + x %}{{ i }} {% endfor %}{{ i }}
{% set i = 1 %}{% for x in l %}{{ i }}{% set i = i + x %}{{ i }} {% endfor %}{{ i }}
{% set q = 1 %}{% set q.a = 1 %}
{% set x = 5 %}{{ x }}{% set x = x + 1 %}{{ x }}
{% set a, b = 1, 2 %}{{ a }}{{ b }}
{% set a, b = (1, 2, 3) %}
{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}
{% if false %}{% set y = 2 %}{% endif %}{{ y is defined }}
{% for x in l %}{% set inner = x %}{% endfor %}{{ inner is defined }}
{{ 'x' if 1 else }}
{{ i if t else missing }} {{ missing if z else s }}
{{ l[missing] }}
{{ d[l] is defined }}
{{ d.a.b is defined }} {{ l.foo is defined }} {{ n.foo is defined }} {{ l[10] is defined }}
{{ none.foo }}
{{ none + 1 }}
{{ 'a' + 1 }}
{{ [] + () }}
{{ {} + {} }}
{{ 'a' < 1 }}
{{ none < 1 }}
{{ true + true }} {{ true * 3 }} {{ -true }} {{ true / 2 }} {{ 'a' * true }}
{{ 10 ** -2 }} {{ 2 ** 0.5 }} {{ 4 ** 0.5 }} {{ (-8) ** 2.0 }} {{ 7 / 2 }} {{ 8 / 2 }} {{ 7 // 2.0 }}
{{ ' a  b '.split() }} {{ ' a  b '.split(' ') }} {{ 'a,b,c'.split(',', 1) }} {{ 'abc'.split('') }}
{{ l|join }} {{ l|join(', ') }} {{ users|join(', ', attribute='name') }} {{ 'abc'|join('.') }} {{ d|join(',') }} {{ [[1], none, 2.0]|join('|') }} {{ l|join(1) }}
{{ l|first }} {{ l|last }} {{ s|first }} {{ d|first }} {{ d|last }} {{ range(3)|last }}
{{ 'a\r\nb\rc' }}
{{ 'line' }}

{{ ('a', 'b') is sequence }} {{ {'a': 1}|length }} {{ [[], {}, '', 0, none, false, 0.0]|select|list }}
{% set items = [] %}{% for x in items %}{% else %}nothing{% endfor %}{{ items }}
{{ l.append(4) }}
{{ d.__class__ }}
{{ ''.__class__.__mro__ }}
{% include 'x' %}
{% import 'x' as y %}
{% extends 'x' %}
{% block x %}{% endblock %}
{{ i is odd and f is float or false }} {{ i is defined and not t }} {{ 'abc' is string }}
{{ users | map(attribute='name') | join(', ') }} {{ users|map(attribute='tags.0', default='-')|list }}
{{ users | sort(attribute='age')|map(attribute='name')|list }} {{ users|sort(attribute='age', reverse=true)|map(attribute='name')|list }}
{{ users | sort(attribute='name')|sort(attribute='age')|map(attribute='name')|list }}
{{ users | selectattr('age', 'gt', 30)|map(attribute='name')|list }} {{ users|rejectattr('tags')|list|length }} {{ users|selectattr('tags')|list|length }}
{{ users | selectattr('zip', 'defined')|list }} {{ users|rejectattr('zip', 'undefined')|list }}
{{ users | selectattr('zip')|list }}
{{ d|items|sort }} {{ d.items()|sort(reverse=true) }} {{ d.keys()[0] }} {{ d.values()|sum }}
{{ 1.upper }}
{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }};{% endfor %}
{{ '7'.zfill(3) }} {{ '-7'.zfill(4) }} {{ '+'.zfill(3) }} {{ uni.zfill(7) }}
{{ range(-3, 3) }} {{ range(3, -3, -4) }} {{ range(3, 3) }} {{ range(9223372036854775800, 9223372036854775807, 5) }} {{ 'x' * range(4)[-1] }}
{{ 42.55|round }} {{ 42.55|round(1, 'floor') }} {{ 42.55|round|int }} {{ 0.5|round }} {{ 1.5|round }} {{ 2.5|round }} {{ 42|round }} {{ 1e15|round(2) }} {{ 2.675|round(2) }} {{ -2.5|round }}
{{ '12'|int }} {{ ' 12 '|int }} {{ '1_2'|int }} {{ 'x'|int }} {{ 'x'|int(-1) }} {{ '0x1F'|int }} {{ '12.9'|int }} {{ -3.9|int }} {{ none|int }} {{ true|int }} {{ '1e3'|int }} {{ '-7'|int }} {{ '+7'|int }} {{ 'nan'|int(3) }} {{ '_1'|int }} {{ '- 1'|int }}
{{ {1: 'a', 1.0: 'b', true: 'c'} }} {{ {none: 1}[none] }} {{ {'1': 2}[1] is defined }}
{% for x in l %}{% set a = x %}{% for y in 'ab' %}{{ a }}{{ loop.length }}{% endfor %}{% endfor %}{{ a is defined }}
{{ {'a': 1}|combine({'b': 2}) }} {{ {'a': 1}|combine({'a': 2})|combine }} {{ 5|as_dict('k') }} {{ 1|ternary('y', 'n') }} {{ ''|ternary('y', 'n') }}
"""

# Where the engine is stricter than Jinja2, or friendlier, on purpose.
REFUSED = ("__class__", "{% block", "{{ [missing] }}", "map(attribute='zip')|list",
           "((1,)) in ({", "((1,)) not in ({")

LITERALS = r"""
1|-1|+1|--1|- 1|1.5|.5|5.|1e3|1e-3|1E+3|-1.5e2|1_000|1__0|_1|1_|0x10|0xFF|0xg|0o17|0b101|0b2|007|00|0_0
True|False|None|true|none|yes|nan|inf|1e400|-1e400|1j|1+2j|1+1|1-1
'a'|"a"|'a\'b'|'it''s'|'a' 'b'|r'\n'|u'x'|b'x'|f'x'|'\x41\u00e9\101\n\q'|'unclosed|'''tri'ple'''|'\ud800'|'\N{DASH}'|R'\d'|''
[]|[1]|[1, 2]|[1, 2,]|[,]|[1,,2]|[1 2]|(|)|()|(1)|(1,)|1,|1, 2|(1, 2)|((1))|[[1], [2, [3]]]|[1|1]|(1, [2, {'a': (3,)}])
{}|{'a': 1}|{'a': 1,}|{'a'}|{1}|{,}|{'a' 1}|{'a': }|{1: 'x', None: 2, 1.5: 3}|{[1]: 2}|{'a': 1, 'a': 2}|{"k": [1, None, True]}|set()|set(1)|{(1, 2): 3}
 1|  [1, 2]|1 |hello|hello world|1 2|12abc|1.2.3|10.0.0.1|2017-01-01|a=1|a.b|-|+|.|..|...|-'a'|-True|-(1)|-[1]|not 1|1 if 1 else 2|lambda: 1|print(1)
9223372036854775807|9223372036854775808|-9223372036854775807|99999999999999999999|0x7fffffffffffffff|1 # one|#1|1#2|[1, # x|1;2|(1)(2)|[1][0]|'a'.b|'%s' % 1|é|'é'|0.1|123456789012345678.0|1_0.0_1|1e1_0
"""


def literal_value(value):
    if isinstance(value, (set, tuple, list)):
        return [literal_value(item) for item in value]
    if isinstance(value, dict):
        return {json.dumps(key) if not isinstance(key, str) else key: literal_value(item)
                for key, item in value.items()}
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return repr(value)
    return value


def is_ours(value):
    """Whether our values can hold it: no complex numbers, bytes, big integers or tuple keys."""
    if isinstance(value, (list, tuple, set)):
        return all(map(is_ours, value))
    if isinstance(value, dict):
        return all(is_ours(item) for pair in value.items() for item in pair) and not any(
            isinstance(key, tuple) for key in value)
    if isinstance(value, int):
        return -2 ** 63 <= value < 2 ** 63
    return value is None or isinstance(value, (float, str))


def literals():
    texts = [text for line in LITERALS.split("\n") for text in line.split("|") if line]
    texts += ['"""', '"""a"b"""', "[1,\n2]", "1\n", "\n1", "'a\nb'", "'''a\nb'''", "1,\n2", "(1\n)", "\t1", "a\n", "[1|2]",
              "'\\\n'", "1 \\\n", "{'a':\n1}", "'a'\n'b'", "", " ", "\n"]
    for text in texts:
        try:
            value = ast.literal_eval(text)
            known = is_ours(value)
            json.dumps(literal_value(value)).encode()
            if isinstance(value, str):
                value.encode()
        except Exception:
            known = False
        yield {"text": text, **({"value": literal_value(value)} if known else {"error": True})}


def hand_written():
    lines = HAND_WRITTEN.strip("\n")
    # A template that has a line end in it goes on to the line where its tag is closed.
    pending = ""
    for line in lines.split("\n"):
        pending = pending + "\n" + line if pending else line
        if pending.count('"multi') and 'line"' not in pending:
            continue
        if "{# multi" in pending and "line #}" not in pending:
            continue
        yield pending
        pending = ""
    yield from ["{{ 1 }}\n", "{{ 1 }}\n\n", "a\r\nb\r", "{% if true %}\nx\n{% endif %}\n",
                "{% if true -%}\n  x\n{%- endif %}\n", "{{ i }}\n  {%- for x in l %}\n{{ x }}\n  {%- endfor %}",
                "  {% set x = 1 %}\n  {{ x }}", "{% for x in l -%}\n  {{ x }},\n{%- endfor %}", "{{\n i \n}}",
                "{#-\n-#} x", "a\n{# c #}\nb", "{{ '\\\\' }}", "{", "{ {", "}}", "%}", "{{ '\\\n' }}"]


def names():
    """All that a template may write after `|`, after `is`, and so on, in Jinja2 and Python."""
    def public(words):
        return sorted(word for word in words if word.isidentifier() and word[0] != "_")
    return {
        "filter": public(jinja2.filters.FILTERS), "test": public(jinja2.tests.TESTS),
        "global": public({*jinja2.defaults.DEFAULT_NAMESPACE, "caller", "kwargs", "self", "super",
                          "varargs"}),
        "statement": public({*jinja2.parser._statement_keywords, "call", "filter", "raw"}),
        "loop": public(dir(jinja2.runtime.LoopContext)), "string": public(dir(str)),
        "list": public(dir(list)), "dict": public(dir(dict)),
    }


def main():
    seen = {}
    for template in itertools.chain(hand_written(), operators(), filters(), tests(),
                                    string_methods(), slices(), formats(), floats()):
        if template in seen:
            continue
        refused = any(part in template for part in REFUSED)
        seen[template] = {"error": True} if refused else expected(template)
    dump = functools.partial(json.dumps, ensure_ascii=False)
    out = sys.stdout
    out.write('{"scope": ' + dump(SCOPE) + ',\n"templates": [\n')
    out.write(",\n".join(dump({"template": t, **result}) for t, result in seen.items()))
    out.write('],\n"names": ' + dump(names()) + ',\n"literals": [\n')
    out.write(",\n".join(dump(case) for case in literals()))
    out.write("]}\n")


if __name__ == "__main__":
    main()
