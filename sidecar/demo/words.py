"""The words that the demo's data is put together from: names, projects, articles, countries. All invented, or common property."""

FIRST_NAMES = (
    "Anouk", "Bas", "Carlijn", "Daan", "Eline", "Femke", "Gijs", "Hanneke", "Ilse", "Jeroen", "Kim", "Lotte", "Maarten", "Nienke",
    "Olivier", "Pim", "Quinten", "Renée", "Sanne", "Thijs", "Ursula", "Vera", "Wouter", "Xander", "Yvonne", "Zoë", "Bram", "Chantal",
    "Dirk", "Esmée", "Floris", "Geert", "Hugo", "Iris", "Jasper", "Koen", "Lieke", "Mees", "Noëlle", "Otto",
)  # fmt: skip

LAST_NAMES = (
    "Aalders", "van den Berg", "Brouwer", "de Boer", "van Dijk", "Dekker", "Evers", "Faber", "de Graaf", "Groenewegen",
    "van der Heijden", "Hoekstra", "'t Hart", "van Loon", "Jacobs", "Kuipers", "Kramer", "van Leeuwen", "Maas", "Meijer", "Mulder",
    "Nijland", "van Oosten", "Peters", "Postma", "de Ruiter", "Schouten", "Smit", "Timmerman", "Terpstra", "van der Veen", "Verhoeven",
    "Visser", "de Wit", "Willems", "IJsselstein", "Zijlstra",
)  # fmt: skip

DEPARTMENTS = {
    "CONS": ("Consultancy", ("Consultant", "Senior consultant", "Projectleider")),
    "ICT": ("ICT-beheer", ("Systeembeheerder", "Ontwikkelaar", "Functioneel beheerder")),
    "FIN": ("Financiën", ("Boekhouder", "Controller")),
    "HR": ("Personeelszaken", ("Personeelsadviseur", "Salarisadministrateur")),
    "SALES": ("Verkoop", ("Accountmanager", "Medewerker binnendienst")),
    "DIR": ("Directie", ("Manager",)),
}

PROJECTS = {
    "CONS": ("C2601", "C2602", "C2603", "C2604", "C2605"),
    "ICT": ("I2601", "I2602", "I2603"),
    "FIN": ("F2601",),
    "HR": ("H2601",),
    "SALES": ("S2601", "S2602"),
    "DIR": ("D2601",),
}

WORK = (
    "Inrichting grootboek",
    "Workshop met gebruikers",
    "Overleg, notulen; actiepunten",
    'Offerte "fase 2" uitgewerkt',
    "Migratie proefdraaien",
    "Bugfix [urgent]",
    "Rapportage kwartaal",
    "Testen + herstel 50%",
    "Reistijd Groningen",
    "Telefonische ondersteuning",
    "Documentatie bijgewerkt",
    "Interne scholing",
    "Geïntegreerd testen, ronde 2",
    "Code_review koppeling",
)

LEAVE_KINDS = ("Vakantie", "Vakantie", "Vakantie", "Ouderschapsverlof", "Bijzonder verlof", "Tijd voor tijd")

SUBJECTS = (
    "Verslag functioneringsgesprek",
    "Arbeidsovereenkomst",
    "Klacht; afgehandeld",
    "Verzoek om scholing",
    "Notitie, vertrouwelijk",
    "Bevestiging verlof",
    "Melding storing",
)

ARTICLES = {
    "Kantoor": ("Bureaustoel", "Zit-stabureau", "Whiteboard 120 x 90", 'Monitor 27"', "Documentenlade"),
    "Verbruik": ("Kopieerpapier A4", "Balpen blauw (50)", "Markers, 4 kleuren", "Ordner 8 cm", "Batterijen AA"),
    "Diensten": ("Consult per uur", "Scholing per dag", "Beheer per maand", "Voorrijkosten"),
}

COUNTRIES = (
    ("A", "Oostenrijk", True), ("AUS", "Australië", False), ("B", "België", True), ("BG", "Bulgarije", True), ("BR", "Brazilië", False),
    ("CDN", "Canada", False), ("CH", "Zwitserland", False), ("CY", "Cyprus", True), ("CZ", "Tsjechië", True), ("D", "Duitsland", True),
    ("DK", "Denemarken", True), ("E", "Spanje", True), ("EST", "Estland", True), ("F", "Frankrijk", True), ("FIN", "Finland", True),
    ("GB", "Verenigd Koninkrijk", False), ("GR", "Griekenland", True), ("H", "Hongarije", True), ("HR", "Kroatië", True),
    ("I", "Italië", True), ("IND", "India", False), ("IRL", "Ierland", True), ("J", "Japan", False), ("L", "Luxemburg", True),
    ("LT", "Litouwen", True), ("LV", "Letland", True), ("M", "Malta", True), ("N", "Noorwegen", False), ("NL", "Nederland", True),
    ("P", "Portugal", True), ("PL", "Polen", True), ("RO", "Roemenië", True), ("S", "Zweden", True), ("SK", "Slowakije", True),
    ("SLO", "Slovenië", True), ("SME", "Suriname", False), ("USA", "Verenigde Staten", False),
)  # fmt: skip
