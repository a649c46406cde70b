"""The adversarial set: authored households whose persons look like one another. No record names a real person.

Each line: household, person, first name, surname, birth date, civility, telephone, address. One person may have
several records, which are to be found; two persons never are one.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from entremise.registers.engine.prepare import prepare
from entremise.registers.queries import communes, first_names

TODAY = date(2026, 11, 24)
LINES = """
jeannine | jeannine | Jeannine | DUPONT épouse LE GOFF | 12/03/1938 | Mme | 0639980001 | 12 bis av. du Gal de Gaulle
jeannine | jeannine | Jeanine | LEGOFF | 03/12/1938 | | 0639980001 | 12B avenue du Général de Gaulle
jeannine | jean | Jean | LE GOFF | 04/07/1935 | M. | 06 39 98 00 01 | 12 bis avenue du Général de Gaulle
jeannine | jean | Jean | Le Goff | 04/07/1935 | | 0639980001 | 12 bis av du Général de Gaulle
andre | andre | André | PETIT | 02/05/1941 | | 01 99 00 00 02 | 3 rue Pasteur
andre | andree | Andrée | PETIT | | | 01 99 00 00 02 | 3 rue Pasteur
andre2 | andre2 | André | MOREL | | | 01 99 00 00 03 | 8 rue Pasteur
andre2 | andree2 | Andrée | MOREL | | | 01 99 00 00 03 | 8 rue Pasteur
michel | michel | Michel | GARNIER | 11/11/1944 | M. | 01 99 00 00 04 | 5 rue Gambetta
michel | michele | Michèle | GARNIER | 11/10/1944 | Mme | 01 99 00 00 04 | 5 rue Gambetta
daniel | daniel | Daniel | ROY | 09/01/1950 | | 06 39 98 00 05 | 7 rue Gambetta
daniel | danielle | Danielle | ROY | 19/01/1951 | | 06 39 98 00 05 | 7 rue Gambetta
denis | denis | Denis | FABRE | 01/02/1947 | M | 06 39 98 00 06 | 9 rue Gambetta
denis | denise | Denise | FABRE | 01/02/1948 | F | 06 39 98 00 06 | 9 rue Gambetta
julie | julie | Julie | ROCHE | 14/07/1982 | Mme | 06 39 98 00 07 | 1 rue des Lilas
julie | julien | Julien | ROCHE | 14/07/1982 | M. | 06 39 98 00 07 | 1 rue des Lilas
julie2 | julie2 | Julie | LACROIX | 14/07/1983 | | 06 39 98 00 08 | 2 rue des Lilas
julie2 | julien2 | Julien | LACROIX | 14/07/1983 | | 06 39 98 00 08 | 2 rue des Lilas
twins | paul | Paul | NOEL | 30/09/1939 | M. | 02 61 91 00 09 | 4 rue des Lilas
twins | pierre | Pierre | NOEL | 30/09/1939 | M. | 02 61 91 00 09 | 4 rue des Lilas
twins2 | jpierre | Jean-Pierre | HUBERT | 01/04/1945 | M. | 02 61 91 00 10 | 6 rue des Lilas
twins2 | jmarie | Jean-Marie | HUBERT | 01/04/1945 | M. | 02 61 91 00 10 | 6 rue des Lilas
twins3 | claudine | Claudine | PERROT | 22/06/1936 | Mme | 02 61 91 00 11 | 8 rue des Lilas
twins3 | claudette | Claudette | PERROT | 22/06/1936 | Mme | 02 61 91 00 11 | 8 rue des Lilas
twins4 | monique | Monique | MARCHAND | 17/02/1940 | Mme | 02 61 91 00 12 | 10 rue des Lilas
twins4 | nameless | | MARCHAND | 17/02/1940 | Mme | 02 61 91 00 12 | 10 rue des Lilas
father | father | Robert | AUBERT | 08/08/1936 | M. | 03 53 01 00 13 | 1 rue du Stade
father | son | Robert | AUBERT | 21/03/1962 | M. | 03 53 01 00 13 | 1 rue du Stade
father2 | father2 | Marcel | COLIN | 15/05/1935 | | 03 53 01 00 14 | 3 rue du Stade
father2 | son2 | Marcel | COLIN | 02/10/1964 | | 03 53 01 00 14 | 3 rue du Stade
father2 | which | Marcel | COLIN | | | 03 53 01 00 14 | 3 rue du Stade
mother | mother | Suzanne | LEROUX | 25/12/1931 | Mme | 03 53 01 00 15 | 5 rue du Stade
mother | daughter | Suzanne | LEROUX | 03/06/1958 | Mme | 03 53 01 00 15 | 5 rue du Stade
siblings | elder | Bernard | RENAUD | 11/06/1946 | M. | 04 65 71 00 16 | 7 rue du Stade
siblings | younger | Bertrand | RENAUD | 19/07/1947 | M. | 04 65 71 00 16 | 7 rue du Stade
namesakes | one | Monique | MARTIN | 12/02/1941 | Mme | 04 65 71 00 17 | 14 rue Pasteur
namesakes | two | Monique | MARTIN | 27/09/1941 | Mme | 04 65 71 00 18 | 40 rue Gambetta
namesakes2 | three | Jean | BERNARD | 03/03/1939 | M. | 04 65 71 00 19 | 15 rue Pasteur
namesakes2 | four | Jean | BERNARD | 28/11/1939 | M. | | 2 impasse du Moulin
inlaws | wife | Marie | GIRARD née BLANC | 05/05/1955 | Mme | 05 36 49 00 20 | 9 rue du Stade
inlaws | mother-in-law | Marie | GIRARD | 30/01/1930 | Mme | 05 36 49 00 20 | 9 rue du Stade
couple | him | Alain | LUCAS | 13/10/1943 | M. | 05 36 49 00 21 | 11 rue du Stade
couple | her | Aline | LUCAS | 13/10/1944 | Mme | 05 36 49 00 21 | 11 rue du Stade
claude | claude | Claude | LASSUS | 17/09/1940 | | 05 36 49 00 24 | 17 rue du Stade
claude | claudette | Claudette | LASSUS | 21/07/1940 | | 05 36 49 00 24 | 17 rue du Stade
claude2 | claude2 | Claude | BRUN | 17/09/1941 | | 05 36 49 00 25 | 18 rue du Stade
claude2 | claudette2 | Claudette | BRUN | | | 05 36 49 00 25 | 18 rue du Stade
dominique | dominique | Dominique | FONTAINE | 09/08/1955 | | 05 36 49 00 26 | 19 rue du Stade
dominique | dominique2 | Dominique | FONTAINE | 07/02/1955 | | 05 36 49 00 26 | 19 rue du Stade
swapped | martin | Martin | VINCENT | 07/07/1949 | M. | 05 36 49 00 22 | 13 rue du Stade
swapped | vincent | Vincent | MARTIN | 17/01/1976 | M. | 05 36 49 00 23 | 14 rue du Stade
"""


def rows(first: int = 1) -> tuple[list[tuple[Any, ...]], dict[int, str]]:
    """(prepared rows, person by record), records numbered from `first`."""
    prepared, persons = [], {}
    for number, line in enumerate(LINES.strip().splitlines(), first):
        _, person, given, surname, born, sex, phone, address = (cell.strip() for cell in line.split("|"))
        cells = {
            "record": number,
            "register": "canicule" if number % 2 else "transport",
            "first_name": given,
            "last_name": surname,
            "birth_date": born,
            "sex": sex,
            "phone": phone,
            "address": address,
            "postcode": "38000",
            "town": "Grenoble",
        }
        prepared.append(prepare(cells, names=first_names(), communes=communes(), today=TODAY))
        persons[number] = person
    return prepared, persons
