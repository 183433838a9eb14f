{# Exact, rounded half away from zero. DuckDB divides decimals as floating point, so there it is
   done on whole numbers. Zero below the line gives NULL. #}
{% macro ratio(numerator, denominator, scale) -%}
    {{ adapter.dispatch('ratio', 'ecomdata')(numerator, denominator, scale) }}
{%- endmacro %}

{% macro default__ratio(numerator, denominator, scale) -%}
    cast(round(
        cast({{ numerator }} as numeric) / nullif(cast({{ denominator }} as numeric), 0), {{ scale }}
    ) as numeric(18, {{ scale }}))
{%- endmacro %}

{% macro duckdb__ratio(numerator, denominator, scale) -%}
    {{ whole_ratio(
        "cast(cast(" ~ numerator ~ " as decimal(38, 2)) * 100 as hugeint)",
        "nullif(cast(cast(" ~ denominator ~ " as decimal(38, 2)) * 100 as hugeint), 0)",
        scale,
    ) }}
{%- endmacro %}

{# The same of whole numbers, which DuckDB divides in a quarter of the time. #}
{% macro ratio_of_counts(numerator, denominator, scale) -%}
    {{ adapter.dispatch('ratio_of_counts', 'ecomdata')(numerator, denominator, scale) }}
{%- endmacro %}

{% macro default__ratio_of_counts(numerator, denominator, scale) -%}
    {{ ratio(numerator, denominator, scale) }}
{%- endmacro %}

{% macro duckdb__ratio_of_counts(numerator, denominator, scale) -%}
    {{ whole_ratio(
        "cast(" ~ numerator ~ " as hugeint)",
        "nullif(cast(" ~ denominator ~ " as hugeint), 0)",
        scale,
    ) }}
{%- endmacro %}

{% macro whole_ratio(above, below, scale) -%}
    cast(
        cast(
            sign({{ above }}) * sign({{ below }})
            * (
                (2 * abs({{ above }}) * {{ 10 ** scale }} + abs({{ below }}))
                // (2 * abs({{ below }}))
            ) as decimal(30, 0)
        ) * cast(0.{{ "0" * (scale - 1) }}1 as decimal({{ scale }}, {{ scale }}))
        as numeric(18, {{ scale }})
    )
{%- endmacro %}

{# Quotients of decimals have as few as six decimals there, so that rounding them rounds twice. #}
{% macro spark__ratio(numerator, denominator, scale) -%}
    {%- set above = "cast(cast(" ~ numerator ~ " as decimal(38, 2)) * 100 as decimal(38, 0))" -%}
    {%- set below = "nullif(cast(cast(" ~ denominator ~ " as decimal(38, 2)) * 100 as decimal(38, 0)), 0)" -%}
    cast(
        cast(
            case when ({{ above }} < 0) = ({{ below }} < 0) then 1 else -1 end
            * (
                (2 * abs({{ above }}) * {{ 10 ** scale }} + abs({{ below }}))
                div (2 * abs({{ below }}))
            ) as decimal(19, 0)
        ) * cast(0.{{ "0" * (scale - 1) }}1 as decimal({{ scale }}, {{ scale }}))
        as numeric(18, {{ scale }})
    )
{%- endmacro %}

{# From text with the habits of spreadsheets to text that every engine casts alike, or NULL:
   currency signs and codes go, thousands separators go, the decimal mark becomes a point.
   One group of three digits behind a lone mark ("1,234") is read by the file's own decimal mark.
   Longer than 14 digits is no number of a shop, and no cast behind this can overflow. The length
   is guarded apart: PostgreSQL takes twice as long for "{1,14}" as for "+". #}
{% macro number_text(text, decimal_mark) -%}
    {%- set bare = replace_all(text, "^[A-Z]{3} ?|[ ]?[A-Z]{3}$|[€$£¥ ]|" ~ "\u00a0", "") -%}
    case
        when length({{ text }}) <= 14 and {{ matches(text, "^[+-]?[0-9]+([.][0-9][0-9]?)?$") }}
            then {{ text }}
        when length({{ bare }}) > 18 then null
        when {{ matches(bare, "^[+-]?[0-9]{1,3}(,[0-9]{3})+$") }}
            and ({{ decimal_mark }} <> ',' or {{ matches(bare, ",[0-9]{3},") }})
            then replace({{ bare }}, ',', '')
        when {{ matches(bare, "^[+-]?[0-9]{1,3}([.][0-9]{3})+$") }}
            and ({{ decimal_mark }} = ',' or {{ matches(bare, "[.][0-9]{3}[.]") }})
            then replace({{ bare }}, '.', '')
        when {{ matches(bare, "^[+-]?[0-9]{1,3}(,[0-9]{3})+[.][0-9]{1,6}$") }}
            then replace({{ bare }}, ',', '')
        when {{ matches(bare, "^[+-]?[0-9]{1,3}([.][0-9]{3})+,[0-9]{1,6}$") }}
            then replace(replace({{ bare }}, '.', ''), ',', '.')
        when {{ matches(bare, "^[+-]?[0-9]{1,14}([.,][0-9]+)?$") }}
            then replace({{ bare }}, ',', '.')
    end
{%- endmacro %}

{# The outer cast keeps the scale: PostgreSQL drops it from a CASE without ELSE. #}
{% macro money(number_text) -%}
    cast({{ number_text }} as numeric(18, 2))
{%- endmacro %}

{# A price of one unit, to the hundredth of a cent; NULL from 100 million on, so that it can be
   multiplied by any quantity. #}
{% macro unit_money(number_text) -%}
    cast(
        case
            when abs(cast({{ number_text }} as numeric(20, 6))) < 100000000 then {{ number_text }}
        end as numeric(18, 4)
    )
{%- endmacro %}

{# Whole numbers only: "6.0" is 6, "1.5" is NULL. #}
{% macro whole(number_text) -%}
    case
        when {{ matches(number_text, "^[+-]?[0-9]+([.]0*)?$") }}
            then cast(cast({{ number_text }} as numeric(18, 2)) as bigint)
    end
{%- endmacro %}
