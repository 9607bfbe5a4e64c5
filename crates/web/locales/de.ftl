# Deutsch. Wie man einen Text hinzufügt, steht in en.ftl.

# Auf mehreren Seiten
sign-on-title = Anmelden
to-application = um mit { $application } fortzufahren
error-title = Fehler: { $title }
reference = Referenz { $id }
continue = Weiter
cancel = Abbrechen
optional-label = { $label } (freiwillig)
switch-account = Anderes Konto verwenden
show-password = Zeigen
hide-password = Verbergen
show-password-label = Passwort zeigen
back-to-application = Zurück zur Anwendung
back-to = Zurück zu { $application }

# Anmeldung
username = Benutzername
password = Passwort
sign-on = Anmelden
next = Weiter
enter-username = Geben Sie Ihren Benutzernamen ein.
enter-password = Geben Sie Ihr Passwort ein.
enter-new-password = Geben Sie ein neues Passwort ein.
invalid-username-or-password = Benutzername und/oder Passwort sind falsch.
account-not-usable = Das Konto kann nicht verwendet werden.
locked-minutes = { $minutes ->
    [one] Zu viele falsche Passwörter. Versuchen Sie es in { $minutes } Minute wieder.
   *[other] Zu viele falsche Passwörter. Versuchen Sie es in { $minutes } Minuten wieder.
}
locked-for-good = Zu viele falsche Passwörter. Das Konto muss von einem Administrator entsperrt werden.
tries-left = { $count ->
    [one] Es bleibt { $count } Versuch.
   *[other] Es bleiben { $count } Versuche.
}
value-needed = { $label }: Diese Angabe ist nötig, um fortzufahren.
value-unusable = { $label }: Diese Angabe kann nicht stimmen. Bitte berichtigen Sie sie.
value-taken = { $label }: Diese Angabe ist schon vergeben. Bitte geben Sie etwas anderes ein.
yes = Ja
no = Nein
one-per-line = Eine Angabe je Zeile.

# Ein Passwort, das geändert werden muss
change-password-title = Passwort ändern
password-too-old = Ihr Passwort ist zu alt, um weiter verwendet zu werden.
password-once-only = Ihr Passwort war nur für eine einzige Anmeldung gedacht.
current-password = Bisheriges Passwort
new-password = Neues Passwort
new-password-again = Neues Passwort wiederholen
change-password = Passwort ändern
wrong-current-password = Das ist nicht Ihr bisheriges Passwort.
choose-another-password = Wählen Sie ein anderes neues Passwort.
passwords-differ = Die beiden neuen Passwörter sind nicht gleich.

# Wie ein neues Passwort sein muss
requirement-unmet = Nicht erfüllt: { $requirement }
requirement-is-met = Erfüllt
requirement-length = { $min } bis { $max } Zeichen
list-separator = {", "}
requirement-kinds = Mindestens { $kinds }
requirement-capital-letters = { $count ->
    [one] { $count } Großbuchstabe
   *[other] { $count } Großbuchstaben
}
requirement-small-letters = { $count ->
    [one] { $count } Kleinbuchstabe
   *[other] { $count } Kleinbuchstaben
}
requirement-digits = { $count ->
    [one] { $count } Ziffer
   *[other] { $count } Ziffern
}
requirement-special-characters = { $count ->
    [one] { $count } Sonderzeichen
   *[other] { $count } Sonderzeichen
}
requirement-different-characters = Mindestens { $count } verschiedene Zeichen
requirement-repeated-characters = Kein Zeichen mehr als { $count }-mal hintereinander
requirement-complexity = Lang oder abwechslungsreich genug, um nicht erraten zu werden
requirement-common = Keines der Passwörter, die viele verwenden
requirement-profile = Kein Teil Ihres Namens, Benutzernamens oder Ihrer Adresse
requirement-similar = Dem bisherigen Passwort nicht ähnlich
requirement-current = Nicht das bisherige Passwort
requirement-history = Keines Ihrer früheren Passwörter
requirement-age = Ihr Passwort wurde erst vor Kurzem geändert und kann noch nicht wieder geändert werden
requirement-alphabet = Keine Buchstaben in der Reihenfolge des Alphabets
requirement-digit-sequence = Keine Ziffern in Zählfolge
requirement-keyboard = Keine Buchstaben in der Reihenfolge der Tastatur
requirement-number-row = Keine Zeichen in der Reihenfolge der Tastatur

# Profil
profile-title = Profil vervollständigen
attribute-email = E-Mail-Adresse
attribute-name-formatted = Vollständiger Name
attribute-name-given = Vorname
attribute-name-middle = Zweiter Vorname
attribute-name-family = Nachname
attribute-name-honorific-prefix = Namensvorsatz
attribute-name-honorific-suffix = Namenszusatz
attribute-nickname = Spitzname
attribute-title = Titel
attribute-locale = Gebietsschema
attribute-preferred-language = Bevorzugte Sprache
attribute-timezone = Zeitzone
attribute-mobile-phone = Mobiltelefon
attribute-primary-phone = Telefon
attribute-address-street-address = Straße und Hausnummer
attribute-address-locality = Ort
attribute-address-region = Bundesland oder Region
attribute-address-postal-code = Postleitzahl
attribute-address-country-code = Ländercode

# Vereinbarungen
agreement-accept-needed = Stimmen Sie den Bedingungen zu, um fortzufahren.
agreement-accept = Ich stimme diesen Bedingungen zu
agreement-decline = Nein, danke

# Codes per E-Mail
verify-title = Sehen Sie in Ihr Postfach
verify-sent-to = Ein Code wurde an { $email } gesendet. Geben Sie ihn ein, um zu bestätigen, dass die Adresse Ihnen gehört.
verify-no-address = Ihr Konto muss per E-Mail bestätigt werden und hat keine Adresse. Wenden Sie sich an die Betreiber der Anwendung.
verification-code = Bestätigungscode
verify = Bestätigen
send-code-again = Neuen Code senden
recover-title = Wählen Sie ein neues Passwort
recover-sent = Wenn es ein Konto mit diesem Namen gibt, ist ein Code an dessen E-Mail-Adresse unterwegs. Er gilt 5 Minuten.
recovery-code = Wiederherstellungscode
recover = Neues Passwort setzen
forgot-password = Passwort vergessen?
enter-code = Geben Sie den Code aus der E-Mail ein.
wrong-code = Dieser Code stimmt nicht oder gilt nicht mehr. Prüfen Sie ihn oder fordern Sie einen neuen an.
too-many-wrong-codes = Zu viele falsche Codes. Fordern Sie einen neuen an.
try-later-minutes = { $minutes ->
    [one] Das war zu oft. Versuchen Sie es in { $minutes } Minute wieder.
   *[other] Das war zu oft. Versuchen Sie es in { $minutes } Minuten wieder.
}

# Eine gescheiterte Anmeldung
failed-title = Sie konnten nicht angemeldet werden
failed-no-usable-devices = Für Ihr Konto gibt es kein Gerät, das hier verwendet werden könnte. Die Betreiber der Anwendung können helfen.
failed-action-unavailable = Die Anmeldung verlangt einen Schritt, der nicht verfügbar ist. Bitte sagen Sie es den Betreibern der Anwendung.
failed-nobody-signed-on = Es ließ sich nicht feststellen, wer Sie sind. Gehen Sie zur Anwendung zurück und melden Sie sich noch einmal an.
failed-consent-declined = Sie haben der Vereinbarung nicht zugestimmt.

# Nach der Abmeldung
signed-off-title = Sie sind abgemeldet
signed-off = Ihre Sitzung in diesem Browser ist beendet, für alle Anwendungen, die sie verwendet haben. Sie können diese Seite schließen.

# Auf dem Weg zurück zur Anwendung
form-post-title = Einen Moment
form-post = Es geht zurück zur Anwendung.

# Fehler
try-again-title = Bitte versuchen Sie es noch einmal
try-again = Der Anmeldedienst konnte gerade nicht antworten. Warten Sie einen Moment und laden Sie die Seite dann neu.
flow-gone-title = Diese Anmeldung ist nicht mehr offen
flow-gone = Sie ist vielleicht abgelaufen, schon abgeschlossen oder in einem anderen Browser begonnen worden. Gehen Sie zur Anwendung zurück und melden Sie sich von dort aus an. Hilft das nicht, dann prüfen Sie, ob Ihr Browser Cookies annimmt.
no-cookie-title = Dieser Browser hat kein Cookie gesendet
no-cookie = Für die Anmeldung wird ein Cookie dieser Seite gebraucht. Vielleicht lehnt Ihr Browser Cookies ab, oder die Anmeldung wurde in einem anderen Browser oder vor langer Zeit begonnen. Erlauben Sie Cookies für diese Adresse, gehen Sie zur Anwendung zurück und melden Sie sich von dort aus an.
already-signed-on-title = Sie sind bereits angemeldet
already-signed-on = Diese Anmeldung wurde schon abgeschlossen. Gehen Sie zur Anwendung zurück; fragt sie erneut, dann beginnen Sie dort.
too-many-title = Zu viele Versuche
too-many = Von Ihrem Anschluss kamen zu viele Anfragen. Warten Sie eine Minute und versuchen Sie es dann wieder.
nothing-here-title = Hier ist nichts
nothing-here = Diese Adresse gehört nicht zum Anmeldedienst. Prüfen Sie den Link oder gehen Sie zur Anwendung zurück.
bad-request-title = Die Anfrage der Anwendung kann nicht ausgeführt werden
bad-request = Etwas stimmt nicht daran, wie die Anwendung um Ihre Anmeldung gebeten hat. Sie selbst können das nicht beheben: Bitte wenden Sie sich an die Betreiber der Anwendung und geben Sie ihnen den folgenden Text.

# Ein Gerät verbinden
device-title = Gerät verbinden
device-code-enter = Geben Sie den Code ein, den Ihr Gerät anzeigt.
device-code-compare = Vergewissern Sie sich, dass Ihr Gerät genau diesen Code anzeigt.
device-code = Code
device-consent-title = Dieses Gerät verbinden?
device-consent-asks = { $application } möchte auf einem Gerät auf Ihr Konto zugreifen.
device-consent-code = Fahren Sie nur fort, wenn das Gerät vor Ihnen diesen Code anzeigt:
device-consent-scopes = Das Gerät erhält:
device-consent-warning = Verbinden Sie nie ein Gerät, weil Ihnen jemand einen Link oder einen Code geschickt hat.
device-connect = Verbinden
device-refuse = Nicht verbinden
device-connected-title = Ihr Gerät ist verbunden
device-connected = Sie können diese Seite schließen und an Ihrem Gerät fortfahren.
device-failed-title = Das Gerät wurde nicht verbunden
enter-user-code = Geben Sie den Code ein, den Ihr Gerät anzeigt.
wrong-user-code = Kein Gerät wartet mit diesem Code. Prüfen Sie, was Ihr Gerät anzeigt.
failed-device-code-guessed = Es wurden zu viele falsche Codes eingegeben. Beginnen Sie am Gerät von vorn.
failed-device-code-expired = Das Gerät wartet nicht mehr auf diesen Code. Beginnen Sie am Gerät von vorn.
failed-device-refused = Sie haben es abgelehnt, das Gerät zu verbinden.
failed-no-access = Sie dürfen diese Anwendung nicht nutzen.

# Identity providers
continue-with = Weiter mit { $provider }
or = oder
external-explanation = Ihre Organisation meldet Sie an anderer Stelle an.
external-failed = Der andere Anbieter hat Sie nicht angemeldet. Versuchen Sie es noch einmal oder melden Sie sich anders an.
linking-title = Konto verknüpfen
linking-explanation = Sie haben sich zum ersten Mal mit { $provider } angemeldet. Melden Sie sich einmal hier an, dann sind die beiden Konten verknüpft.
link-accounts = Anmelden und verknüpfen
confirm-title = Angaben prüfen
confirm-explanation = { $provider } hat uns dies über Sie mitgeteilt. Berichtigen Sie, was nicht stimmt.
failed-external-sign-on = Der andere Anbieter hat Sie nicht angemeldet.
failed-nobody-has-the-account = Ihr Konto beim anderen Anbieter ist hier nicht bekannt.

# Registrierung
register-title = Konto anlegen
password-again = Passwort wiederholen
register = Konto anlegen
back-to-sign-on = Zurück zur Anmeldung
no-account = Noch kein Konto?
register-now = Jetzt registrieren
username-taken = Diesen Benutzernamen gibt es schon. Wählen Sie einen anderen.
username-unusable = Das kann kein Benutzername sein. Verwenden Sie bis zu 128 sichtbare Zeichen.
