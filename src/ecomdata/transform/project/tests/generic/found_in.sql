{# Invariant: what each of the columns refers to is there: `parents` are [model, its column] by
   column; NULL refers to nothing. A row is a column with the number of rows whose parent is
   missing. #}
{% test found_in(model, parents) %}

{% for column, (parent, key) in parents.items() -%}
select
    '{{ column }} is not found' as what_does_not_hold,
    count(*) as how_often
from (
    select {{ column }} from {{ model }}
    {{ where_made_anew(model) }}
) as children
where
    {{ column }} is not null
    and not exists(
        select 1
        from {{ parent }} as parents
        where parents.{{ key }} = children.{{ column }}
    )
having count(*) > 0
{{ "union all" if not loop.last }}
{% endfor %}

{% endtest %}
