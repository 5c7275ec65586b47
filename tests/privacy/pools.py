"""Hand-kept names and places for the corpus, of many countries; the two splits share none."""

MONTHS_EN = "January February March April May June July August September October November December".split()
MONTHS_DE = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()

_STATES = ["California", "Texas", "Ohio", "Oregon", "Georgia", "New York", "Nevada", "North Carolina"]
_ABBREVIATIONS = ["CA", "TX", "OH", "OR", "GA", "NY", "NV", "NC"]

TUNED: dict[str, dict[str, list[str]]] = {
    "en": {
        "first": "James Olivia Priya Mohammed Siobhan Kwame Chloe Wei Tyrone Guadalupe Ingrid Mateusz Yusuf Leilani Grace Mark Rose Will Ewan Tamsin Bao Zanele Ebony Jaxon".split(),
        "last": "Smith O'Connor Patel Nguyen Okonkwo Featherstonehaugh Kowalski García Johansson Baker Stone Young Washington Abernathy Rutherglen Tanaka MacAllister Delacroix Whitlockson Adeyemi Kipsang Fairweather".split(),
        "city": ["Springfield", "Leeds", "Boston", "Austin", "Milton Keynes", "San Diego", "Ballymena", "Toledo", "Wagga Wagga", "Port Ellery", "New Havenbrook", "Aberdeen"],
        "street_name": ["Main Street", "Elm Avenue", "Old Kent Road", "Maple Drive", "N. 5th St", "Kingsway Crescent", "Boulder Ridge Trail", "Rue de Rivoli", "Church Lane", "Lakeview Blvd", "Harrison Mews", "W Peachtree St NW"],
        "state": _STATES[:4], "stateabbr": _ABBREVIATIONS[:4], "title": ["Mr.", "Mrs", "Dr.", "Ms.", "Professor"], "bank": ["First National", "Barclays"],
    },
    "de": {
        "first": "Anna Jürgen Fatma Lukas Heike Emre Svetlana Björn Annegret Mehmet Lieselotte Kjell Gülsüm Torben Ottokar Wiebke Rose Ernst Klaus Ayşe".split(),
        "last": "Müller Schmidt Koch Yılmaz Schwarzenbeck Hoffmann Nowak Öztürk Lindqvist Bauer Klein Papadopoulos Kaltenbrunner Vogelsang Dvořák Meier-Lüdenscheidt Wieczorek Brandtner Zschäpitz".split(),
        "city": ["Berlin", "München", "Köln", "Bad Tölz", "Wien", "Zürich", "Castrop-Rauxel", "Halle", "Neustadt an der Weinstraße", "Görlitz", "Oberhausen"],
        "street_name": ["Hauptstraße", "Lindenallee", "Am Markt", "Goethestr.", "Karl-Marx-Platz", "Rosenweg", "Bahnhofstrasse", "An der Alten Mühle", "Kirchgasse", "Berliner Straße", "Unter den Linden", "Sandkuhle"],
        "state": ["Bayern", "Hessen"], "title": ["Herr", "Frau"], "bank": ["Sparkasse"],
    },
}  # fmt: skip

HELD_OUT: dict[str, dict[str, list[str]]] = {
    "en": {
        "first": "Emily Rashid Aoife Hiroshi Desmond Xiomara Bartholomew Nkechi Sanjay Freya Cormac Ludmila Trinity Faith Jack Violet Ngozi Caoimhe Dmitri Anoushka Wendell Tallulah Zephyr Keanu".split(),
        "last": "Johnson Fitzgerald Chaudhry Yamamoto Szymański Mbeki Hunter Cooper Brown Castellanos Vandenberg Ó'Brádaigh Haddad Thistlewood Oyelaran Petrov Wójcik Hargreaves Lindholm Quarshie Blenkinsop Aguilar Nakamura".split(),
        "city": ["Denver", "Manchester", "Houston", "Cork", "Santa Fe", "Bristol", "Ann Arbor", "Geelong", "Kilmarnock", "East Rowanville", "Tucson", "Hamilton"],
        "street_name": ["Oak Street", "Victoria Road", "Sunset Boulevard", "Mulberry Court", "S. 21st Ave", "Wellington Terrace", "Fox Hollow Way", "Via Garibaldi", "Mill Lane", "Cypress Pkwy", "St. James's Square", "Quarry Hill Rd"],
        "state": _STATES[4:], "stateabbr": _ABBREVIATIONS[4:], "title": ["Mrs.", "Mr", "Miss", "Dr", "Prof."], "bank": ["Wells"],
    },
    "de": {
        "first": "Julia Wolfgang Zeynep Maximilian Ulrike Can Natalia Sören Hannelore Dragan Roswitha Leif Nurcan Ansgar Kunigunde Maren Viktoria August Thorsten Özlem".split(),
        "last": "Schneider Fischer Weber Demir Hinterseer Wagner Kowalczyk Şahin Bergström Zimmermann Lang Dimitriadis Oberhuber Nachtigall Novotný Müller-Thurgau Grabowski Steinhauser Przybilla".split(),
        "city": ["Hamburg", "Stuttgart", "Leipzig", "Garmisch-Partenkirchen", "Graz", "Basel", "Recklinghausen", "Essen", "Rothenburg ob der Tauber", "Zwickau", "Passau"],
        "street_name": ["Schillerstraße", "Kastanienallee", "Am Bahnhof", "Mozartstr.", "Marienplatz", "Tulpenweg", "Poststrasse", "Zur Schönen Aussicht", "Webergasse", "Frankfurter Straße", "Hinter der Kirche", "Hasenbrink"],
        "state": ["Sachsen", "Thüringen"], "title": ["Frau", "Herr"], "bank": ["Postbank"],
    },
}  # fmt: skip
