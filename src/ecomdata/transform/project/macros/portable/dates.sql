{# From an export's date to "YYYY-MM-DD", or NULL. Years come first, or the file says whether days
   or months do (`date_order`: dmy, mdy; anything else reads neither). #}
{% macro date_text(text, date_order) -%}
    {%- set shape = "^[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4}([T ]|$)" -%}
    case
        when
            {{ text }} like '____-__-__'
            or {{ text }} like '____-__-__ %'
            or {{ text }} like '____-__-__T%'
            then substr({{ text }}, 1, 10)
        when {{ matches(text, "^[0-9]{4}[/.][0-9]{2}[/.][0-9]{2}([T ]|$)") }}
            then replace(replace(substr({{ text }}, 1, 10), '/', '-'), '.', '-')
        when {{ matches(text, shape) }} and {{ date_order }} = 'dmy'
            then {{ rearranged_date(text, day_part=1, month_part=2) }}
        when {{ matches(text, shape) }} and {{ date_order }} = 'mdy'
            then {{ rearranged_date(text, day_part=2, month_part=1) }}
    end
{%- endmacro %}

{% macro rearranged_date(text, day_part, month_part) -%}
    {%- set parts = "replace(replace(" ~ text ~ ", '.', '/'), '-', '/')" -%}
    substr(split_part({{ parts }}, '/', 3), 1, 4)
    || '-' || lpad(split_part({{ parts }}, '/', {{ month_part }}), 2, '0')
    || '-' || lpad(split_part({{ parts }}, '/', {{ day_part }}), 2, '0')
{%- endmacro %}

{# "2024-02-30" has the right shape and makes PostgreSQL raise, so the day is checked by
   arithmetic before the cast. #}
{% macro date_of(date_text) -%}
    {%- set year = "cast(substr(" ~ date_text ~ ", 1, 4) as integer)" -%}
    {%- set month = "substr(" ~ date_text ~ ", 6, 2)" -%}
    {%- set day = "cast(substr(" ~ date_text ~ ", 9, 2) as integer)" -%}
    case
        when {{ matches(date_text, "^[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$") }}
            then case
                when {{ day }} <= case
                    when {{ month }} in ('04', '06', '09', '11') then 30
                    when {{ month }} <> '02' then 31
                    when {{ year }} % 4 = 0 and ({{ year }} % 100 <> 0 or {{ year }} % 400 = 0)
                        then 29
                    else 28
                end
                    then cast({{ date_text }} as date)
            end
    end
{%- endmacro %}

{# The time of day in minutes after midnight UTC behind a date; may be below 0 or above 1,439
   where an offset moves the day. NULL where the text holds what is no time. #}
{% macro minutes_of_day(text) -%}
    {%- set clock = "substr(" ~ text ~ ", position(':' in " ~ text ~ ") - 2)" -%}
    case
        when position(' ' in {{ text }}) = 0 and position('T' in {{ text }}) = 0 then 0
        when {{ matches(text, "[T ]([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2}| UTC)?$") }}
            then
                60 * cast(trim(replace(split_part({{ clock }}, ':', 1), 'T', ' ')) as integer)
                + cast(substr(split_part({{ clock }}, ':', 2), 1, 2) as integer)
                - {{ offset_minutes(text) }}
    end
{%- endmacro %}

{% macro offset_minutes(text) -%}
    {%- set offset = "replace(right(" ~ text ~ ", 6), ':', '')" -%}
    case
        when {{ matches(text, ":[0-9.]+[+-][0-9]{2}:?[0-9]{2}$") }}
            then
                (case when {{ matches(offset, "-[0-9]{4}$") }} then -1 else 1 end)
                * (
                    60 * cast(substr(right({{ offset }}, 4), 1, 2) as integer)
                    + cast(right({{ offset }}, 2) as integer)
                )
        else 0
    end
{%- endmacro %}

{# The moment in UTC; a naive timestamp. #}
{% macro moment_of(day, minutes) -%}
    cast({{ day }} as timestamp) + {{ minutes }} * interval '1 minute'
{%- endmacro %}

{% macro days_between(earlier, later) -%}
    cast(cast({{ later }} as date) - cast({{ earlier }} as date) as bigint)
{%- endmacro %}

{# Every day from the first to the last, each a row; no row where there is no first. #}
{% macro days_from_to(first, last) -%}
    {{ adapter.dispatch('days_from_to', 'ecomdata')(first, last) }}
{%- endmacro %}

{% macro default__days_from_to(first, last) -%}
    cast(generate_series(
        cast({{ first }} as timestamp), cast({{ last }} as timestamp), interval '1 day'
    ) as date)
{%- endmacro %}

{% macro duckdb__days_from_to(first, last) -%}
    cast(unnest(generate_series(
        cast({{ first }} as timestamp), cast({{ last }} as timestamp), interval '1 day'
    )) as date)
{%- endmacro %}

{% macro spark__days_from_to(first, last) -%}
    explode(sequence({{ first }}, {{ last }}))
{%- endmacro %}
