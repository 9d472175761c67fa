# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The template of the HTML report: a self-contained page, without scripts and without anything that a browser fetches.

It is Jinja2, autoescaped. It is a string, since a file would have to be found beside plugins that are loaded in several
ways.
"""

from __future__ import annotations

from typing import Final

TEMPLATE: Final = """\
{%- macro badge(level, word) -%}
<span class="badge {{ level }}">{{ word }}</span>
{%- endmacro -%}
{%- macro lines(texts, otherwise="\u2013") -%}
{%- for text in texts -%}<div>{{ text }}</div>{%- else -%}<span class="quiet">{{ otherwise }}</span>{%- endfor -%}
{%- endmacro -%}
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>L2TP/IPsec: {{ words[report.level] }}</title>
<style>
{{ style }}
</style>
</head>
<body>
<header>
<h1>L2TP/IPsec between RRAS servers</h1>
<p>{{ badge(report.level, words[report.level]) }}
{{ report.servers | length }} server{{ "s" if report.servers | length != 1 }},
{{ report.connections | length }} connection{{ "s" if report.connections | length != 1 }}.
Read by rras.ipsec.verify, <time datetime="{{ report.written }}">{{ report.written }}</time>.</p>
<table class="counts">
<thead><tr><th scope="col"></th>
{%- for colour in ("green", "yellow", "red") %}<th scope="col">{{ colour }}</th>{% endfor %}</tr></thead>
<tbody>
{%- for name, items in (("servers", report.servers), ("connections", report.connections)) %}
<tr><th scope="row">{{ name }}</th>
{%- for level in ("ok", "warning", "error") %}
<td>{{ items | selectattr("level", "equalto", level) | list | length }}</td>
{%- endfor %}</tr>
{%- endfor %}
</tbody></table>
</header>
<main>
<section aria-labelledby="map">
<h2 id="map">Map</h2>
<p class="legend"><span class="ok">\u25cf green, solid: in order</span>
<span class="warning">\u25b2 yellow, dashed: not proved, or a warning</span>
<span class="error">\u25a0 red, dotted: an error</span></p>
<div class="maps">
{%- for drawing in drawings %}
<div class="map" tabindex="0">
<svg viewBox="0 0 {{ drawing.width }} {{ drawing.height }}" width="{{ drawing.width }}" height="{{ drawing.height }}"
 style="min-width: {{ [drawing.width, 1150] | min }}px"
 role="img" aria-label="{{ drawing.marks | map(attribute='server.name') | join(', ') }}">
{%- for each in drawing.strokes %}
<line class="{{ each.link.level }}" x1="{{ each.x1 }}" y1="{{ each.y1 }}" x2="{{ each.x2 }}" y2="{{ each.y2 }}">
<title>{{ each.link.name }}: {{ each.link.word }}</title></line>
{%- endfor %}
{%- for each in drawing.strokes if each.shows_word %}
<text class="word {{ each.link.level }}" x="{{ each.word_x }}" y="{{ each.word_y }}" text-anchor="middle">
{{- each.link.word }}</text>
{%- endfor %}
{%- for each in drawing.marks %}
{%- set at = "translate(%s %s)" | format(each.x, each.y) %}
<g><title>{{ each.server.name }}: {{ each.server.word }}</title>
{%- if each.server.level == "ok" %}<circle class="ok" transform="{{ at }}" r="7"/>
{%- elif each.server.level == "warning" %}<path class="warning" transform="{{ at }}" d="M0-8 8 7H-8Z"/>
{%- else %}<path class="error" transform="{{ at }}" d="M-7-7H7V7H-7Z"/>
{%- endif %}
<text x="{{ each.text_x }}" y="{{ each.text_y }}" text-anchor="{{ each.anchor }}"
{%- if each.turn %} dominant-baseline="central" transform="rotate({{ each.turn }} {{ each.text_x }} {{ each.text_y }})"
{%- elif not each.stacked %} dominant-baseline="central"{% endif %}>
{%- if each.stacked -%}
{{ each.label }}<tspan class="{{ each.server.level }}" x="{{ each.text_x }}" dy="16">{{ each.server.word }}</tspan>
{%- else -%}
{{ each.label }}<tspan class="{{ each.server.level }}" dx="8">{{ each.server.word }}</tspan>
{%- endif -%}
</text></g>
{%- endfor %}
</svg>
</div>
{%- endfor %}
</div>
</section>
<section aria-labelledby="servers">
<h2 id="servers">Servers</h2>
{%- for server in report.servers %}
<article>
<h3>{{ server.name }} {{ badge(server.level, server.word) }}</h3>
{%- for finding in server.findings %}
<p class="finding {{ "accepted" if finding.accepted else finding.severity }}">
<strong>{{ "accepted" if finding.accepted else finding.severity }}</strong> <code>{{ finding.identifier }}</code>
{{ finding.problem }} {{ finding.remedy }}</p>
{%- endfor %}
<dl>
<dt>address</dt><dd>{{ server.address or "\u2013" }}</dd>
{%- if server.read %}
<dt>assigned policy</dt><dd>{{ server.assigned_policy if server.assigned_policy is not none else "none" }}
{%- if server.domain_policy %}, but the domain's is in force: {{ server.domain_policy }}{% endif %}</dd>
<dt>ProhibitIpSec</dt>
<dd>{{ "absent" if server.prohibit_ipsec is none else server.prohibit_ipsec }}; in effect: {{ server.in_effect }}</dd>
<dt>restart</dt><dd>{{ restarts[server.restart] }}</dd>
{%- if server.stopped_services %}
<dt>stopped services</dt><dd>{{ server.stopped_services | join(", ") }}</dd>
{%- endif %}
{%- if server.unfinished_transaction %}
<dt>unfinished transaction</dt><dd>{{ server.unfinished_transaction }}, left by an earlier run</dd>
{%- endif %}
<dt>rules in force</dt><dd>
{%- for rule in server.rules %}
<div><strong>{{ rule.name }}</strong>: {{ (rule.filters + [rule.filter_action]) | join("; ") }}
{%- if rule.security_methods %}; {{ (rule.security_methods + rule.authentication) | join("; ") }}{% endif %}</div>
{%- else %}<span class="quiet">none</span>
{%- endfor %}</dd>
{%- elif server.managed %}
<dt>in force</dt><dd>not read in this run</dd>
{%- else %}
<dt>in force</dt><dd>not known; Ansible does not reach this server</dd>
{%- endif %}
</dl>
</article>
{%- endfor %}
</section>
<section aria-labelledby="connections">
<h2 id="connections">Connections</h2>
{%- for each in report.connections %}
<article>
<h3>{{ each.name }} {{ badge(each.level, each.word) }}</h3>
{%- if each.summary %}<p>{{ each.summary }}</p>{% endif %}
<table class="ends">
<thead><tr><th scope="col">setting</th>
{%- for peer in each.peers %}<th scope="col">{{ peer }}</th>{% endfor %}</tr></thead>
<tbody>
{%- for row in each.settings if row.ends[0] or row.ends[1] %}
<tr{{ ' class="differs"' | safe if row.same is false }}><th scope="row">{{ row.setting }}
{%- if row.same is false %} <em>differs</em>{% endif %}</th>
{%- for end in row.ends %}<td>{{ lines(end) }}</td>{% endfor %}</tr>
{%- endfor %}
</tbody></table>
</article>
{%- else %}
<p>No connection leads to these servers.</p>
{%- endfor %}
</section>
</main>
</body>
</html>
"""

STYLE: Final = """\
:root { color-scheme: light dark; --back: #ffffff; --fore: #1b1f24; --quiet: #57606a; --line: #c8d0d8; --box: #f5f7f9;
  --ok: #116329; --warning: #7d4e00; --error: #a40e26; --ok-mark: #1a7f37; --warning-mark: #bf8700;
    --error-mark: #cf222e;
  --ok-box: #d7f5dd; --warning-box: #fff1b8; --error-box: #ffdfdb; }
@media screen and (prefers-color-scheme: dark) {
  :root { --back: #0d1117; --fore: #e6edf3; --quiet: #9da7b3; --line: #3a424c; --box: #161b22;
    --ok: #7ee2a8; --warning: #f2cc60; --error: #ffb3ad; --ok-mark: #3fb950; --warning-mark: #e3b341;
      --error-mark: #ff7b72;
    --ok-box: #12361f; --warning-box: #3d2e00; --error-box: #4c1214; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 80rem; background: var(--back); color: var(--fore);
  font: 1rem/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; } h2 { font-size: 1.25rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1.05rem; margin: 0 0 .5rem; } p { margin: .4rem 0; }
.badge { display: inline-block; padding: 0 .5em; border-radius: 1em; font-size: .9rem; font-weight: 600;
  white-space: nowrap; }
.badge.ok { background: var(--ok-box); color: var(--ok); }
.badge.warning { background: var(--warning-box); color: var(--warning); }
.badge.error { background: var(--error-box); color: var(--error); }
.quiet { color: var(--quiet); }
table { border-collapse: collapse; } th, td { text-align: left; vertical-align: top; padding: .25rem .5rem; }
.counts td { text-align: right; }
.ends { width: 100%; table-layout: fixed; } .ends th:first-child { width: 22%; }
.ends tr { border-top: 1px solid var(--line); } .ends thead tr { border-top: 0; }
.ends tbody th { font-weight: 400; color: var(--quiet); }
.differs td { background: var(--warning-box); color: var(--warning); }
em { color: var(--warning); font-style: normal; font-weight: 600; }
article { border: 1px solid var(--line); border-radius: .5rem; padding: .75rem; margin: .75rem 0;
  background: var(--box); }
dl { display: grid; grid-template-columns: minmax(6rem, 11rem) 1fr; gap: .2rem .75rem; margin: .5rem 0 0; }
dt { color: var(--quiet); } dd { margin: 0; min-width: 0; }
.finding { border-left: .25rem solid var(--line); padding-left: .6rem; }
.finding.error { border-color: var(--error-mark); } .finding.warning { border-color: var(--warning-mark); }
.finding.error strong { color: var(--error); } .finding.warning strong { color: var(--warning); }
.legend span { margin-right: 1rem; display: inline-block; }
.legend .ok, .map tspan.ok, .map text.ok { color: var(--ok); fill: var(--ok); }
.legend .warning, .map tspan.warning, .map text.warning { color: var(--warning); fill: var(--warning); }
.legend .error, .map tspan.error, .map text.error { color: var(--error); fill: var(--error); }
.maps { display: flex; flex-wrap: wrap; gap: .75rem; align-items: flex-start; }
.map { max-width: 100%; overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem; }
.map svg { display: block; max-width: 100%; height: auto; font: 13px system-ui, sans-serif; }
.map text { fill: var(--fore); paint-order: stroke; stroke: var(--back); stroke-width: 4px; stroke-linejoin: round; }
.map text.word { font-size: 12px; }
line { stroke-width: 2; }
line.ok { stroke: var(--ok-mark); } line.warning { stroke: var(--warning-mark); stroke-dasharray: 8 4; }
line.error { stroke: var(--error-mark); stroke-width: 3; stroke-dasharray: 3 3; }
circle.ok { fill: var(--ok-mark); } path.warning { fill: var(--warning-mark); } path.error { fill: var(--error-mark); }
@media (max-width: 40rem) { body { padding: .6rem; } dl { grid-template-columns: 1fr; gap: 0; }
dd { margin-bottom: .35rem; }
  .ends { font-size: .85rem; } .ends th, .ends td { padding: .25rem; } .ends th:first-child { width: 26%; } }
@media print { body { max-width: none; padding: 0; font-size: 10pt; }
article, .map { break-inside: avoid; background: none; }
  .map { overflow: visible; } .map svg { min-width: 0 !important; }
  .badge, .differs td { border: 1px solid currentColor; print-color-adjust: exact; }
  line, circle, path { print-color-adjust: exact; } }
"""
