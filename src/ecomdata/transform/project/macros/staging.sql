{# What the base models of the four entities share: one way from raw text to a judged row. #}

{# The raw columns, in the contract's order, without the white space around them: those to be
   typed as `<name>_text`; then as they were read, as `raw_<name>`, and where the row came from. #}
{% macro trimmed_columns(table, columns, typed) -%}
    {% for column in columns -%}
        {{ trimmed(table ~ '.' ~ column) }} as {{ column }}{{ "_text" if column in typed }},
    {% endfor -%}
    {% for column in columns -%}
        {{ table }}.{{ column }} as raw_{{ column }},
    {% endfor -%}
    {{ table }}._load_id,
    {{ table }}._file,
    {{ table }}._line
{%- endmacro %}

{# The row's fields as they were read, joined by the unit separator: two rows are identical where
   these are. #}
{% macro raw_fields(columns) -%}
    {% for column in columns -%}
        coalesce(raw_{{ column }}, ''){{ " || chr(31) || " if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# Of what several statements say, the latest of them: it says it whole, whatever the files that
   were replaced say. Most things are said once, so this is small, and a join with it costs a third
   of a window over all that was read. #}
{% macro latest_statements(records, stated_by) -%}
    select
        {% for column in stated_by -%}
            {{ column }},
        {% endfor -%}
        max(statement) as latest_statement
    from {{ records }}
    where
        replaced_by is null
        and {{ stated_by[0] }} is not null
    group by {{ stated_by | join(', ') }}
    having min(statement) < max(statement)
{%- endmacro %}

{# True where another file took this one's place, or a later statement says the same again. #}
{% macro is_superseded(records, latest) -%}
    (
        {{ records }}.replaced_by is not null
        or coalesce({{ records }}.statement < {{ latest }}.latest_statement, false)
    )
{%- endmacro %}

{# The same where one record states the whole thing: only the last one holds. #}
{% macro is_restated(stated_by) -%}
    (
        replaced_by is not null
        or (
            {{ stated_by }} is not null
            and row_number() over (
                partition by
                    {{ stated_by }},
                    case when replaced_by is null then 1 end
                order by statement desc, {{ bytewise('_file') }} desc, _line desc
            ) > 1
        )
    )
{%- endmacro %}

{# Three columns about the first rule that a row breaks. Rules are [name, field, text, condition],
   in order of precedence; `text` is the column that holds what was read. #}
{% macro first_broken_rule(rules) -%}
    case
        {% for rule, field, text, condition in rules -%}
            when {{ condition }} then '{{ rule }}'
        {% endfor -%}
    end as rule,
    case
        {% for rule, field, text, condition in rules -%}
            when {{ condition }} then '{{ field }}'
        {% endfor -%}
    end as rule_field,
    case
        {% for rule, field, text, condition in rules -%}
            when {{ condition }} then {{ text }}
        {% endfor -%}
    end as rule_value
{%- endmacro %}

{# The fields of a raw row as one line of CSV: what quarantine shows. #}
{% macro csv_line(raw_fields) -%}
    case
        when {{ matches(raw_fields, '[,"]') }}
            then '"' || replace(replace({{ raw_fields }}, '"', '""'), chr(31), '","') || '"'
        else replace({{ raw_fields }}, chr(31), ',')
    end
{%- endmacro %}
