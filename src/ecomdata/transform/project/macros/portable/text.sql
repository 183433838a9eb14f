{# Patterns hold no backslash: it means something else in every engine's string literals. #}

{% macro matches(text, pattern) -%}
    {{ adapter.dispatch('matches', 'ecomdata')(text, pattern) }}
{%- endmacro %}

{% macro default__matches(text, pattern) -%}
    ({{ text }} ~ '{{ pattern }}')
{%- endmacro %}

{% macro duckdb__matches(text, pattern) -%}
    regexp_matches({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{# Tabs, line ends and no-break spaces stand around values of real exports; trim() alone leaves
   them on some engines. Nothing but white space is a missing value. #}
{% macro trimmed(text) -%}
    nullif(trim({{ text }}, ' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(8239)), '')
{%- endmacro %}

{# A deterministic key of its parts; chr(31) separates units and stands in no export. #}
{% macro hashed(parts) -%}
    md5({% for part in parts -%}
        coalesce(cast({{ part }} as text), chr(30)){{ " || chr(31) || " if not loop.last }}
    {%- endfor %})
{%- endmacro %}

{# SHA-256 of a text, in hexadecimal. #}
{% macro sha256_of(text) -%}
    {{ adapter.dispatch('sha256_of', 'ecomdata')(text) }}
{%- endmacro %}

{% macro default__sha256_of(text) -%}
    encode(sha256(convert_to({{ text }}, 'UTF8')), 'hex')
{%- endmacro %}

{% macro duckdb__sha256_of(text) -%}
    sha256({{ text }})
{%- endmacro %}

{# Text as it is to be put in order: byte by byte, whatever the database's language is. #}
{% macro bytewise(text) -%}
    {{ adapter.dispatch('bytewise', 'ecomdata')(text) }}
{%- endmacro %}

{% macro default__bytewise(text) -%}
    {{ text }}
{%- endmacro %}

{% macro postgres__bytewise(text) -%}
    {{ text }} collate "C"
{%- endmacro %}
