{# Invariant: these columns together name one row. A row is a combination that stands twice. #}
{% test unique_combination(model, columns) %}

select
    {{ columns | join(', ') }},
    count(*) as number_of_rows
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
