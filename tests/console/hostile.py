"""Texts that somebody may put where people type: markup, scripts, templates, paths, what breaks lines and layouts."""

from __future__ import annotations

from aimd_core.format.values import name_fault

_MARKUP = """
<script>alert(1)</script>
<script src=http://127.0.0.2:9/x.js></script>
<img src=x onerror=alert(1)>
<img src="http://127.0.0.2:9/x.png">
<svg onload=alert(1)>
<svg><script>alert(1)</script></svg>
<iframe src=javascript:alert(1)></iframe>
<iframe srcdoc="<script>alert(1)</script>"></iframe>
<object data=http://127.0.0.2:9/x></object>
<embed src=http://127.0.0.2:9/x>
<link rel=stylesheet href=http://127.0.0.2:9/x.css>
<style>@import 'http://127.0.0.2:9/x.css'</style>
<style>*{display:none}</style>
<meta http-equiv=refresh content="0;url=http://127.0.0.2:9/">
<base href=http://127.0.0.2:9/>
<form action=http://127.0.0.2:9/><input name=a></form>
<a href=javascript:alert(1)>click</a>
<a href="http://127.0.0.2:9/" ping="http://127.0.0.2:9/">click</a>
<body onload=alert(1)>
<details open ontoggle=alert(1)>
<video src=x onerror=alert(1)>
<audio src=x onerror=alert(1)>
<input autofocus onfocus=alert(1)>
<select autofocus onfocus=alert(1)>
<textarea autofocus onfocus=alert(1)>
<marquee onstart=alert(1)>
<math><mi xlink:href=javascript:alert(1)>x</mi></math>
<template><script>alert(1)</script></template>
<noscript><img src=x onerror=alert(1)></noscript>
<div style="background:url(http://127.0.0.2:9/x)">
<table background=http://127.0.0.2:9/x>
<bgsound src=http://127.0.0.2:9/x>
<button onclick=alert(1)>x</button>
<isindex action=javascript:alert(1)>
<dialog open onclose=alert(1)>
<portal src=http://127.0.0.2:9/>
<!--><img src=x onerror=alert(1)>-->
<![CDATA[<img src=x onerror=alert(1)>]]>
<?xml version="1.0"?><x/>
</script><script>alert(1)</script>
</title><script>alert(1)</script>
</style><script>alert(1)</script>
</textarea><script>alert(1)</script>
"><script>alert(1)</script>
'><img src=x onerror=alert(1)>
"onmouseover="alert(1)
' onfocus='alert(1)' autofocus='
` onmouseover=alert(1) `
<<script>alert(1);//<</script>
<ScRiPt>alert(1)</sCrIpT>
<img/src=x/onerror=alert(1)>
&lt;script&gt;alert(1)&lt;/script&gt;
&#60;script&#62;alert(1)&#60;/script&#62;
%3Cscript%3Ealert(1)%3C/script%3E
\\u003cscript\\u003ealert(1)\\u003c/script\\u003e
<b>bold</b>
<h1>large</h1>
<br><br><br>
<x y=z
<
>
&amp;
&nbsp;
""".strip().split("\n")
_CODE = """
javascript:alert(1)
JaVaScRiPt:alert(1)
data:text/html,<script>alert(1)</script>
vbscript:msgbox(1)
file:///etc/passwd
http://127.0.0.2:9/
//127.0.0.2:9/
{{constructor.constructor('alert(1)')()}}
${alert(1)}
#{alert(1)}
<%= alert(1) %>
{%raw%}
');alert(1);//
";alert(1);//
\\";alert(1);//
`;alert(1)//
__proto__
constructor
prototype
toString
hasOwnProperty
null
undefined
NaN
Infinity
true
0
-1
1e309
9007199254740993
[object Object]
' OR 1=1 --
'; DROP TABLE trials; --
%s%s%s%n
../../../etc/passwd
..\\..\\windows
=cmd|' /C calc'!A0
@SUM(1+1)
+1+1
-1+1
#/trials/x
?token=x&key=y
*
**bold** _italic_ [link](javascript:alert(1))
:smile:
""".strip().split("\n")
_UNICODE = [
    "\u202eesrever",
    "zero\u200bwidth",
    "e\u0301\u0301\u0301\u0301",
    "\u0338\u0338\u0338x",
    "中文名称",
    "العربية",
    "👩‍👩‍👧‍👦",
    "\U0001f3f4\U000e0067\U000e0062",
    "ﷺ" * 20,
    "a" * 200,
    "word " * 40,
    "\ufeffmark",
    "line\u2028separator\u2029s",
]

STRINGS = [*_MARKUP, *_CODE, *_UNICODE]
assert len(STRINGS) >= 120


def names() -> list[str]:
    """Return them as names that a server takes: nothing invisible, no slash, not longer than 255 bytes."""
    fitting = [text.replace("/", "\N{FRACTION SLASH}").encode()[:255].decode(errors="ignore") for text in STRINGS]
    return list(dict.fromkeys(text for text in fitting if name_fault(text) is None))
