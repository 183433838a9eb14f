{# CTEs up to `versions`: what loads state again and again, oldest first (docs/decisions/0016). Of each
   load the record that holds in it, where it differs from the one before. Reads a base model, which
   has every record ever loaded; what was replaced as a whole was never said. #}
{% macro versions_by_load(records, key, columns) -%}
records_ranked as (

    select
        {{ key }},
        {{ columns | join(', ') }},
        _load_id,
        row_number() over (
            partition by {{ key }}, _load_id
            order by statement desc, {{ bytewise('_file') }} desc, _line desc
        ) as place
    from {{ records }}
    where
        rule is null
        and replaced_by is null

),

loads_compared as (

    select
        *,
        {% for column in columns -%}
            lag({{ column }}) over (partition by {{ key }} order by _load_id) as previous_{{ column }},
        {% endfor -%}
        lag(_load_id) over (partition by {{ key }} order by _load_id) as previous_load_id
    from records_ranked
    where place = 1

),

versions as (

    select
        *,
        row_number() over (partition by {{ key }} order by _load_id) as version_number,
        lead(_load_id) over (partition by {{ key }} order by _load_id) as next_load_id
    from loads_compared
    where
        previous_load_id is null
        {% for column in columns -%}
            or {{ column }} is distinct from previous_{{ column }}
        {% endfor %}
)
{%- endmacro %}
