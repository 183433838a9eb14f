{# Invariant: each of `keys` (lists of columns) names one row and is never NULL, columns of
   `never_null` are never NULL, and columns of `accepted` are one of their values where they are not
   NULL. One query for all, as each test costs dbt more than the database. A row is what does not
   hold, with the number of rows, or of keys that stand twice. #}
-- noqa: disable=LT02
{% test well_formed(model, keys=[], never_null=[], accepted={}) %}

with counted as (

    select
        {% for column in keys | sum(start=[]) + never_null -%}
            count(*) - count({{ column }}) as {{ column }}_nulls,
        {% endfor %}{% for column, values in accepted.items() -%}
            count(case when {{ column }} not in ('{{ values | join("', '") }}') then 1 end)
                as {{ column }}_others,
        {% endfor -%}
        count(*) as number_of_rows
    from {{ model }} {{ where_made_anew(model) }}

)

{% for column in keys | sum(start=[]) + never_null -%}
select
    '{{ column }} is NULL' as what_does_not_hold,
    {{ column }}_nulls as how_often
from counted
where {{ column }}_nulls > 0
{{ "union all" if not loop.last or accepted or keys }}
{% endfor -%}
{% for column in accepted -%}
select
    '{{ column }} is no accepted value' as what_does_not_hold,
    {{ column }}_others as how_often
from counted
where {{ column }}_others > 0
{{ "union all" if not loop.last or keys }}
{% endfor -%}
{% for columns in keys -%}
select
    '{{ columns | join(", ") }} stands twice' as what_does_not_hold,
    count(*) as how_often
from (
    select 1
    from {{ model }}
    {{ where_made_anew(model) }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
) as standing_twice
having count(*) > 0
{{ "union all" if not loop.last }}
{% endfor %}

{% endtest %}
