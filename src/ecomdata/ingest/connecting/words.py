"""The words that headers use for the contract's columns, in several languages."""

import re
import unicodedata
from difflib import SequenceMatcher
from functools import cache

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
#: Likewise in Japanese, Chinese, Russian, Greek and Arabic.
_OTHER_SCRIPTS: dict[str, dict[str, str]] = {
    "orders": {
        "order_id": "注文番号 注文id 受注番号 伝票番号 订单号 订单编号 订单id 訂單編號 "
        "номер_заказа заказ id_заказа №_заказа αριθμός_παραγγελίας παραγγελία رقم_الطلب الطلب "
        "رقم_الفاتورة",
        "customer_id": "顧客id 顧客番号 顧客コード 会員番号 会員id 客户编号 客户id 买家id "
        "会员编号 客戶編號 id_клиента код_клиента номер_клиента клиент покупатель "
        "κωδικός_πελάτη πελάτης رقم_العميل العميل",
        "product_id": "商品番号 商品コード 商品id 品番 商品编号 商品编码 产品编号 货号 商品編號 "
        "артикул код_товара id_товара κωδικός_προϊόντος κωδικός_είδους رمز_المنتج رقم_المنتج",
        "quantity": "数量 個数 件数 數量 количество кол_во ποσότητα τεμάχια الكمية",
        "total_price": "合計 合計金額 金額 小計 总价 总金额 金额 小计 總價 сумма итого "
        "стоимость σύνολο ποσό αξία المجموع الإجمالي المبلغ",
        "order_date": "注文日 注文日時 購入日 受注日 日付 订单日期 下单时间 下单日期 日期 "
        "訂單日期 дата_заказа дата ημερομηνία ημερομηνία_παραγγελίας تاريخ_الطلب التاريخ",
        "line_number": "行番号 明細番号 行号 номер_строки",
        "unit_price": "単価 价格 单价 單價 цена_за_единицу цена τιμή_μονάδας τιμή سعر_الوحدة السعر",
        "discount_amount": "割引額 値引額 优惠金额 折扣金额 сумма_скидки ποσό_έκπτωσης مبلغ_الخصم",
        "status": "状態 ステータス 注文状況 状态 订单状态 статус статус_заказа κατάσταση الحالة",
        "currency": "通貨 货币 币种 валюта νόμισμα العملة",
        "channel": "販売チャネル 渠道 канал κανάλι القناة",
    },
    "customers": {
        "name": "氏名 名前 顧客名 お名前 姓名 客户名称 имя фио клиент όνομα ονοματεπώνυμο الاسم "
        "اسم_العميل",
        "email": "メール メールアドレス 邮箱 电子邮件 电子邮箱 почта email البريد_الإلكتروني",
        "country": "国 国名 国家 страна χώρα البلد الدولة",
        "signup_date": "登録日 注册日期 注册时间 дата_регистрации ημερομηνία_εγγραφής "
        "تاريخ_التسجيل",
    },
    "products": {
        "product_name": "商品名 品名 商品名称 产品名称 商品名稱 название наименование товар "
        "наименование_товара προϊόν περιγραφή όνομα_προϊόντος اسم_المنتج المنتج",
        "category": "カテゴリ カテゴリー 分類 类别 分类 品类 категория κατηγορία الفئة",
        "price": "価格 定価 价格 цена τιμή السعر",
        "unit_cost": "原価 成本 себестоимость κόστος التكلفة",
    },
    "returns": {
        "refund_amount": "返金額 退款金额 сумма_возврата ποσό_επιστροφής مبلغ_الاسترداد",
        "return_date": "返品日 退货日期 дата_возврата ημερομηνία_επιστροφής تاريخ_الإرجاع",
        "return_id": "返品番号 退货单号 номер_возврата αριθμός_επιστροφής رقم_الإرجاع",
        "reason": "返品理由 理由 退货原因 причина_возврата λόγος السبب",
    },
}
for _words in (WORDS, _OTHER_SCRIPTS):
    for _entity, _column in (
        *(("returns", name) for name in ("order_id", "product_id", "quantity", "customer_id")),
        ("customers", "customer_id"),
        ("products", "product_id"),
    ):
        _own = _words[_entity].get(_column, "")
        _words[_entity][_column] = f"{_own} {_words['orders'][_column]}".strip()

#: What a file of the entity may be called.
FILE_WORDS = {
    "customers": "customer client kunde klant cliente buyer user",
    "products": "product article artikel produkt produit producto item sku catalog",
    "returns": "return retour refund rueck ruck",
    "orders": "order bestell auftrag sale commande pedido line position transaction invoice",
}

#: What a column of kinds or states has where goods came back, and where an order was called off.
RETURNED = frozenset(
    "return returned returns refund refunded credit credit_note chargeback retoure rueckgabe "
    "gutschrift storno erstattung erstattet avoir retour remboursement devolucion reembolso "
    "reso rimborso nota_di_credito creditnota retourzending 返品 返金 退货 退款 возврат "
    "επιστροφη مرتجع استرداد".split()
)
CANCELLED = frozenset(
    "storniert annulliert abgebrochen annulé annulée annule cancelado cancelada anulado "
    "anulada annullato annullata geannuleerd anulowane avbruten annulleret キャンセル 取消 已取消 "
    "отменен отменён отменено ακυρώθηκε ακυρωμένη ملغي ملغى".split()
)

_UMLAUTS = {ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ß"): "ss"}
_NUMBER_WORD = re.compile(r"(?:^|_)(?:no|num|number|nummer|numero|nro|n)(?=_|$)")


def folded(header: str) -> str:
    """Return a header in lower case, without accents, words joined by "_": "BestellNr." too."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", header.strip())
    umlauts = spaced.lower().translate(_UMLAUTS)
    apart = unicodedata.normalize("NFKD", umlauts).lower()
    plain = "".join(sign for sign in apart if not unicodedata.combining(sign))
    joined = re.sub(r"[\W_]+", "_", plain).strip("_")
    joined = re.sub(r"nummer(?=_|$)", "_nr", joined).replace("__", "_").strip("_")
    return _NUMBER_WORD.sub("_nr", joined).strip("_")


@cache
def _known(entity: str, column: str) -> dict[str, float]:
    """The words for a column, folded, and how sure each is: they stand in that order."""
    known: dict[str, float] = {}
    for words in (WORDS, _OTHER_SCRIPTS):
        listed = words[entity].get(column, "").split()
        for place, word in enumerate(listed):
            known.setdefault(folded(word), 1 - 0.004 * place)
    return known


def likeness(header: str, entity: str, column: str) -> float:
    """How much a header is a word for the column: 0 to 1."""
    name, known = folded(header), _known(entity, column)
    if name in known:
        return known[name]
    bare = name.replace("_", "")
    if any(bare == word.replace("_", "") for word in known):
        return 0.9
    parts = set(name.split("_"))
    if any(len(word) > 3 and set(word.split("_")) <= parts for word in known):
        return 0.7
    closest = max(SequenceMatcher(None, name, word).ratio() for word in known)
    return 0.6 if closest >= 0.85 and len(name) > 4 else 0.0
