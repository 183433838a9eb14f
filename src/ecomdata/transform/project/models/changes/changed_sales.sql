{# Days and products of which an entry of the ledger came, went or is another one: the ledger notes
   them. #}
select
    cast(null as date) as entry_date,
    cast(null as {{ text_type() }}) as product_id
where 1 = 0
