{# Days on which an entry of the ledger came, went or is another one: the ledger notes them. #}
select cast(null as date) as entry_date
where 1 = 0
