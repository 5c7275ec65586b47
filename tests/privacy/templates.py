"""Sentences with holes for the corpus: `TUNED` are looked at while working on the recognisers, `HELD_OUT` never."""

TUNED_EN = r"""
Hi, this is {first} {last}, I'd like to change my booking.
My name is {first} and my number is {phone}.
{first} {last} called about the invoice, please ring back on {phone}.
Could you send the documents to {email} before Friday?
{first} will meet you at {street}, {city}.
Please update my address to {address}.
I moved from {city} to {city}, my new postcode is {zip}.
Dear {title} {last},\nthank you for your application. We will contact you under {phone}.\nKind regards,\n{first} {last}
The patient {first} {last}, born {dob}, was admitted with chest pain. MRN: {account}.
Patient DOB: {dob}, insurance policy {policy}.
Her social security number is {ssn}, please keep it safe.
SSN {ssn} belongs to {last}.
Pay with card {card}, expiry 09/27, CVV {cvv}.
I think my credit card {card} has been stolen.
Transfer the money to {iban} ({bic}), account holder {first} {last}.
Account number {account}, routing number {routing}.
The login came from {ip} at 3 in the morning.
Blocked host {ipv6} after ten failed attempts.
Device {mac} with IMEI {imei} is no longer reachable.
See {url} for the profile of {first}.
My website is {domain}, I run it on my own.
Username: {username}\nPassword: {password}
The user {username} reset the PIN to {pin}.
His passport number {passport} expires next year.
Driver's license {licence} was issued in {state}.
Her car, a blue sedan with the plate {plate}, was towed. VIN {vin}.
Send {btc} half a coin, then write to {email}.
{first} and {first} are coming to the meeting with {last}.
As {last} said in yesterday's hearing, the contract is void.
Employee {first} {last} (ID {account}) works in Accounting, office phone {phone}.
Name: {first} {last}\nDate of birth: {dob}\nAddress: {street}, {city}, {zip}\nPhone: {phone}\nEmail: {email}
{street}\n{city}, {stateabbr} {zip_us}
We deliver to {street}, {secondary}, {city} {zip}.
Is {secondary} still free? {first} wants to see it.
The package went to building {building}, {street}.
My tax id is {taxid} and I live in {city}.
I was born on {dob} in {city}, {state}.
Contact {email} or {phone}.
{email}
{phone}
Can {first} come too? She is {age} years old.
Meeting notes: {first} {last} (chair), {first} {last}, {title} {last}.
{"name": "{first} {last}", "email": "{email}", "ip": "{ip}"}
{first};{last};{dob};{phone};{street};{zip};{city}
Interview with {first} {last} on our blog at {url}
I bought it from {first}'s sister.
The school called {first}'s parents because of the fever.
This is to certify that {first} {last}, residing at {address}, is the owner of policy {policy}.
Ticket from {first} {last} <{email}>: laptop does not start.
cc: {first} {last}, {email}
Why did {last} leave the company?
ok so my email is {email} and my cell is {phone} thanks
NHS number {nhs}, national insurance {nino}.
You can find us in {street} opposite the church.
Signed, {title} {first} {last}
Here is the number of {first}: {phone}
Please wire 200 dollars to {account} at {bank}.
Her handle is {username}, mine is @{username}.
Postcode {zip} is outside of our area.
""".strip().split("\n")

TUNED_DE = r"""
Guten Tag, hier spricht {first} {last}, ich möchte meinen Termin verschieben.
Mein Name ist {first} {last}, meine Nummer ist {phone}.
Sehr geehrte Frau {last},\nvielen Dank für Ihre Anfrage. Bitte senden Sie die Unterlagen an {email}.\nMit freundlichen Grüßen\n{first} {last}
Ich heiße {first} und wohne in der {street} in {zip} {city}.
Bitte ändern Sie meine Adresse auf {address}.
Die Patientin {first} {last}, geboren am {dob}, klagt über Kopfschmerzen.
Geburtsdatum: {dob}, Versichertennummer: {policy}
Überweisen Sie den Betrag auf das Konto {iban} (BIC {bic}).
Meine Kreditkarte {card} wurde gestohlen, der CVC lautet {cvv}.
Die Steuer-ID von {first} {last} lautet {taxid}.
Sozialversicherungsnummer: {svnr}
Sein Personalausweis {idcard} läuft im Mai ab.
Der Reisepass {passport} gehört Herrn {last}.
Führerscheinnummer {licence}, ausgestellt in {city}.
Das Auto mit dem Kennzeichen {plate_de} parkt vor der Einfahrt.
{first} {last} hat angerufen und bittet um Rückruf unter {phone}.
Kannst du {first} fragen, ob {first} auch kommt?
Laut {last} war der Vertrag schon gekündigt.
Anmeldung von der IP-Adresse {ip} mit dem Benutzernamen {username}.
Passwort: {password}
Die PIN lautet {pin}.
Kontakt: {first} {last}, {street}, {zip} {city}, Tel. {phone}, E-Mail {email}
Name: {first} {last}\nStraße: {street}\nPLZ/Ort: {zip} {city}\nTelefon: {phone}
Wir treffen uns bei {first} in {city}, {street}.
Hallo {first},\nkommst du morgen?\nLiebe Grüße\n{first}
Die Mitarbeiterin {first} {last} (Personalnummer {account}) arbeitet seit Mai im Einkauf.
Kundennummer {account}, Vertrag läuft auf {first} {last}.
Meine Postleitzahl ist {zip}.
Gerät {mac}, IMEI {imei}
Schauen Sie auf {url} nach.
Ich bin am {dob} in {city} geboren.
Der Zeuge {last} wohnt in {city}.
{first} ist {age} Jahre alt und geht in {city} zur Schule.
Herr Dr. {last} hat heute keine Sprechstunde.
Die Rechnung geht an {first} {last}, {address}.
{zip} {city}
{street}
""".strip().split("\n")

HELD_EN = r"""
Good morning, {first} here. I need to cancel, you have my number: {phone}.
Please forward everything to my assistant {first} {last} under {email}.
To whom it may concern: I, {first} {last}, hereby revoke the mandate for account {account}.
The claim under policy no. {policy} was filed by {title} {last} on behalf of {first}.
Customer verified with date of birth {dob} and the last payment to {iban}.
{first} {last} lives at {address} and can be reached at {phone} after six.
Our technician will be at {street} around noon, ask for {first}.
Server log: connection from {ip}, user={username}, mac={mac}
For the background check we need your SSN ({ssn}) and a copy of your licence {licence}.
Wallet address: {btc}
Applicant: {last}, {first}\nDOB: {dob}\nPassport: {passport}\nNationality: see annex
The nurse noted that {first} had taken the pills twice. Chart no. {account}.
Is it true that {last} and {last} were fired?
Shipping label: {first} {last}, {street}, {city}, {stateabbr} {zip_us}
Reset link sent to {email}; temporary password {password}
{first} booked flights for {first} and {first} with card number {card}.
Reach me on skype ({username}) or visit {url}
Tell {first} that the keys to {secondary} are with the caretaker.
We could not find anybody called {first} {last} at {zip}.
My husband {first} was born on {dob}.
Vehicle {vin}, registered to {first} {last} of {city}.
I grew up in {city}, but {first} is from {city}.
The plumber, a certain {title} {last}, wants cash.
Her number used to be {phone}, now it's {phone}.
{street}, {city}
National insurance number: {nino}
Best,\n{first}
The IMEI on the box reads {imei}.
IPv6: {ipv6}
Parents of {first} {last}: please call the school office at {phone}.
id,first,last,mail\n1,{first},{last},{email}
Our office is at {street}, {secondary}, {zip} {city}.
{first} said the tax number {taxid} was wrong.
Beneficiary: {first} {last}, SWIFT {bic}, {iban}
{title} {first} {last} joined the board.
""".strip().split("\n")

HELD_DE = r"""
Servus, da ist der {first}, ruf mich bitte zurück: {phone}.
Hiermit kündige ich, {first} {last}, den Vertrag zur Kundennummer {account}.
Der Versicherte {last} (geb. {dob}) meldet einen Schaden zur Police {policy}.
Zahlungsempfänger {first} {last}, IBAN {iban}.
Unser Techniker kommt in die {street}, bitte bei {last} klingeln.
Wohnhaft in {zip} {city}, {street}.
Bitte rufen Sie Frau {last} unter {phone} an oder schreiben Sie an {email}.
Laut Akte wurde {first} {last} am {dob} geboren, Steuernummer {taxid}.
Fahrzeug {plate_de} ist auf {first} {last} zugelassen, FIN {vin}.
Der Ausweis Nr. {idcard} wurde in {city} ausgestellt.
Zugriff verweigert für {username} von {ip}.
Karte {card} gesperrt, Inhaber {first} {last}.
Meine Tochter {first} hat am {dob} Geburtstag.
Mit besten Grüßen\nIhr {first} {last}
Gestern war {first} mit {first} beim Arzt.
Lieferadresse: {first} {last}, {address}
Schickt das bitte an {last}, nicht an mich.
Sozialversicherungsnr. {svnr}, Krankenkasse bekannt.
Ich wohne jetzt in {city}.
Mehr unter {domain} oder {url}.
Die neue Durchwahl von Herrn {last} ist {phone}.
""".strip().split("\n")
