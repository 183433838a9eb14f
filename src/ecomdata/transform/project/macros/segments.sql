{# The one home of the segments (docs/kpis.md): which scores of recency, frequency and monetary
   give which name, as SELECTs of one row per range, both ends included. The numbers put the names
   in order, from the best customers to those who are gone. A customer without an order has no
   scores and stands under 0. #}
{% macro segment_ranges() -%}
    {%- set ranges = [
        [1, 'Champions', [4, 5], [4, 5], [4, 5]],
        [2, 'Loyal', [4, 5], [4, 5], [1, 3]],
        [2, 'Loyal', [3, 3], [4, 5], [1, 5]],
        [3, 'Potential loyalists', [4, 5], [2, 3], [1, 5]],
        [4, 'Promising', [4, 5], [1, 1], [4, 5]],
        [5, 'Recent', [4, 5], [1, 1], [1, 3]],
        [6, 'Need attention', [3, 3], [2, 3], [1, 5]],
        [7, 'About to sleep', [3, 3], [1, 1], [1, 5]],
        [8, 'Cannot lose', [1, 2], [4, 5], [4, 5]],
        [9, 'At risk', [1, 2], [4, 5], [1, 3]],
        [9, 'At risk', [1, 2], [2, 3], [1, 5]],
        [10, 'Hibernating', [2, 2], [1, 1], [1, 5]],
        [11, 'Lost', [1, 1], [1, 1], [1, 5]],
        [12, 'No orders', [0, 0], [0, 0], [0, 0]],
    ] -%}
    {%- for number, segment, recency, frequency, monetary in ranges %}
    select
        {{ number }} as segment_number,
        '{{ segment }}' as segment,
        {{ recency[0] }} as lowest_recency,
        {{ recency[1] }} as highest_recency,
        {{ frequency[0] }} as lowest_frequency,
        {{ frequency[1] }} as highest_frequency,
        {{ monetary[0] }} as lowest_monetary,
        {{ monetary[1] }} as highest_monetary
    {{ "union all" if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# The value that each score of 2 to 5 begins at, as columns `<cutoff>_2` to `<cutoff>_5`: to a
   score of s, (s - 1) fifths of all or more are worse. NULL for a score that nobody has. `worst`
   says which of two values is the worse one: min or max. Whole numbers only, so that every
   engine draws the line in one place. #}
{% macro score_cutoffs(value, worse, of_all, worst, cutoff) -%}
    {%- for score in [2, 3, 4, 5] -%}
        {{ worst }}(case when 5 * {{ worse }} >= {{ score - 1 }} * {{ of_all }} then {{ value }} end)
            as {{ cutoff }}_{{ score }}{{ "," if not loop.last }}
    {% endfor %}
{%- endmacro %}

{# A score of 1 to 5 from these columns; `better` compares a value with where a score begins. #}
{% macro score_from_cutoffs(value, cutoff, better) -%}
    case
        {% for score in [5, 4, 3, 2] -%}
            when {{ value }} {{ better }} {{ cutoff }}_{{ score }} then {{ score }}
        {% endfor -%}
        else 1
    end
{%- endmacro %}
