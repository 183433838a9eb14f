"""The words that headers use for the contract's columns, in several languages."""

import re
import unicodedata
from difflib import SequenceMatcher

#: Per entity and column: headers, folded as `folded` does; "nr" stands for every "number".
WORDS: dict[str, dict[str, str]] = {
    "orders": {
        "order_id": "order_id order_nr order orderid order_ref order_reference invoice invoice_nr "
        "transaction_id receipt_nr bestellung bestell_nr bestellnr bestell_id auftrag auftrag_nr "
        "auftragsnr auftrags_nr auftrags_id rechnung_nr rechnungsnr beleg_nr belegnr commande "
        "nr_commande id_commande pedido id_pedido nr_pedido ordine id_ordine ordernr bestelling",
        "customer_id": "customer_id customer_nr customer customerid client_id client buyer_id "
        "buyer user_id account_id kunde kunden_nr kundennr kunden_id id_client nr_client "
        "cliente id_cliente klant_nr klantnr klant_id",
        "product_id": "product_id product_nr product_code productid sku item_id item_nr item_code "
        "article_nr article_id stock_code part_nr artikel_nr artikelnr artikel_id artikel "
        "produkt_id produkt_nr produit id_produit ref_produit reference producto id_producto "
        "codigo prodotto id_prodotto item product",
        "quantity": "quantity qty units count pieces amount_ordered menge anzahl stueck stuck "
        "quantite qte cantidad quantita aantal",
        "total_price": "total_price total line_total amount line_amount sales revenue subtotal "
        "row_total extended_price gesamt gesamtpreis gesamtbetrag betrag positionsbetrag "
        "zeilenbetrag summe umsatz montant total_ligne importe importo totale bedrag totaal",
        "order_date": "order_date date ordered_at created_at order_time purchase_date "
        "invoice_date datum bestelldatum auftragsdatum bestellt_am rechnungsdatum date_commande "
        "fecha fecha_pedido data data_ordine besteldatum orderdatum",
        "line_number": "line_number line_nr line position_nr item_position pos position "
        "positions_nr zeile",
        "unit_price": "unit_price price price_each item_price price_per_unit einzelpreis "
        "stueckpreis stuckpreis preis prix_unitaire prix precio_unitario precio prezzo_unitario "
        "prezzo stuksprijs prijs",
        "discount_amount": "discount_amount discount rebate rabatt nachlass remise descuento "
        "sconto korting",
        "status": "status order_status order_state bestellstatus statut estado stato",
        "currency": "currency currency_code waehrung wahrung devise moneda valuta",
        "channel": "channel sales_channel kanal vertriebskanal canal canale kanaal",
    },
    "customers": {
        "customer_id": "id nr",
        "name": "name full_name customer_name kundenname vollname nom nombre naam",
        "email": "email e_mail mail email_address e_mail_adresse correo courriel",
        "country": "country country_code land laendercode pays pais paese region",
        "signup_date": "signup_date created_at registered registered_at member_since "
        "registriert registriert_am angelegt_am kunde_seit date_inscription fecha_alta",
    },
    "products": {
        "product_id": "id nr code",
        "product_name": "product_name name title description product item_name bezeichnung "
        "artikelname artikelbezeichnung produktname beschreibung libelle designation nombre "
        "descripcion descrizione omschrijving",
        "category": "category product_category department group kategorie warengruppe categorie "
        "categoria rubrik",
        "price": "price list_price retail_price unit_price preis listenpreis verkaufspreis vk "
        "einzelpreis prix precio prezzo prijs",
        "unit_cost": "unit_cost cost cost_price purchase_price einkaufspreis ek cout coste costo",
    },
    "returns": {
        "quantity": "returned_quantity retourmenge",
        "refund_amount": "refund_amount refund refunded amount_refunded erstattung "
        "erstattungsbetrag gutschrift remboursement reembolso rimborso",
        "return_date": "return_date returned_at date retourdatum ruecksendedatum datum",
        "return_id": "return_id return_nr rma retoure_nr retourennr id",
        "reason": "reason return_reason grund retourgrund motif motivo",
    },
}
for _column in ("order_id", "product_id", "quantity", "customer_id"):
    WORDS["returns"][_column] = (
        WORDS["returns"].get(_column, "") + " " + WORDS["orders"][_column]
    ).strip()
WORDS["customers"]["customer_id"] += " " + WORDS["orders"]["customer_id"]
WORDS["products"]["product_id"] += " " + WORDS["orders"]["product_id"]

#: What a file of the entity may be called.
FILE_WORDS = {
    "customers": "customer client kunde klant cliente buyer user",
    "products": "product article artikel produkt produit producto item sku catalog",
    "returns": "return retour refund rueck ruck",
    "orders": "order bestell auftrag sale commande pedido line position transaction invoice",
}

_UMLAUTS = {ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ß"): "ss"}
_NUMBER_WORD = re.compile(r"(?:^|_)(?:no|num|number|nummer|numero|nro|n)(?=_|$)")


def folded(header: str) -> str:
    """Return a header in lower case, without accents, words joined by "_": "BestellNr." too."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", header.strip())
    umlauts = spaced.lower().translate(_UMLAUTS)
    plain = unicodedata.normalize("NFKD", umlauts).encode("ascii", "ignore").decode()
    joined = re.sub(r"[^0-9a-z]+", "_", plain).strip("_")
    joined = re.sub(r"nummer(?=_|$)", "_nr", joined).replace("__", "_").strip("_")
    return _NUMBER_WORD.sub("_nr", joined).strip("_")


def likeness(header: str, entity: str, column: str) -> float:
    """How much a header is a word for the column: 0 to 1."""
    name, known = folded(header), WORDS[entity][column].split()
    if name in known:
        return 1 - 0.004 * known.index(name)  # the words stand in order of how sure they are
    bare = name.replace("_", "")
    if any(bare == word.replace("_", "") for word in known):
        return 0.9
    parts = set(name.split("_"))
    if any(len(word) > 3 and set(word.split("_")) <= parts for word in known):
        return 0.7
    closest = max(SequenceMatcher(None, name, word).ratio() for word in known)
    return 0.6 if closest >= 0.85 and len(name) > 4 else 0.0
