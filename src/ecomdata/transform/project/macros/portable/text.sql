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

{# Java's "$" stands before a line end, too: this one stands at the end alone. #}
{% macro spark__matches(text, pattern) -%}
    ({{ text }} rlike '{{ pattern | replace("$", "(?!(?s).)") }}')
{%- endmacro %}

{% macro replace_all(text, pattern, replacement) -%}
    {{ adapter.dispatch('replace_all', 'ecomdata')(text, pattern, replacement) }}
{%- endmacro %}

{% macro spark__replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}')
{%- endmacro %}

{% macro default__replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{# Tabs, line ends and no-break spaces stand around values of real exports; trim() alone leaves
   them on some engines. Nothing but white space is a missing value. #}
{% macro trimmed(text) -%}
    {{ adapter.dispatch('trimmed', 'ecomdata')(text) }}
{%- endmacro %}

{# Its chr() knows 256 characters. #}
{% macro spark__trimmed(text) -%}
    nullif(btrim({{ text }}, ' ' || chr(9) || chr(10) || chr(13) || '{{ "\u00a0\u202f" }}'), '')
{%- endmacro %}

{% macro default__trimmed(text) -%}
    nullif(trim({{ text }}, ' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(8239)), '')
{%- endmacro %}

{# DuckDB trims what repeats once a value; of other texts it can tell in a quarter of the time that
   there is nothing to trim: where they begin and end with visible ASCII. #}
{% macro duckdb__trimmed(text) -%}
    case
        when {{ text }} between '!' and '~' and {{ text }}[-1] between '!' and '~' then {{ text }}
        else {{ default__trimmed(text) }}
    end
{%- endmacro %}

{# The type of texts of any length. #}
{% macro text_type() -%}
    {{ adapter.dispatch('text_type', 'ecomdata')() }}
{%- endmacro %}

{% macro default__text_type() -%}
    text
{%- endmacro %}

{% macro spark__text_type() -%}
    string
{%- endmacro %}

{# SHA-256 of a text, in hexadecimal. #}
{% macro sha256_of(text) -%}
    {{ adapter.dispatch('sha256_of', 'ecomdata')(text) }}
{%- endmacro %}

{% macro default__sha256_of(text) -%}
    encode(sha256(convert_to({{ text }}, 'UTF8')), 'hex')
{%- endmacro %}

{% macro spark__sha256_of(text) -%}
    sha2({{ text }}, 256)
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
