# Français. La façon d’ajouter un texte est décrite dans en.ftl.

# Sur plusieurs pages
sign-on-title = Connexion
to-application = pour continuer vers { $application }
error-title = Erreur : { $title }
reference = Référence { $id }
continue = Continuer
cancel = Annuler
optional-label = { $label } (facultatif)
switch-account = Utiliser un autre compte
show-password = Afficher
hide-password = Masquer
show-password-label = Afficher le mot de passe
back-to-application = Retour à l’application
back-to = Retour à { $application }

# Connexion
username = Nom d’utilisateur
password = Mot de passe
sign-on = Se connecter
next = Suivant
enter-username = Saisissez votre nom d’utilisateur.
enter-password = Saisissez votre mot de passe.
enter-new-password = Saisissez un nouveau mot de passe.
invalid-username-or-password = Nom d’utilisateur ou mot de passe incorrect.
account-not-usable = Ce compte ne peut pas être utilisé.
locked-minutes = { $minutes ->
    [one] Trop de mots de passe erronés. Réessayez dans { $minutes } minute.
   *[other] Trop de mots de passe erronés. Réessayez dans { $minutes } minutes.
}
locked-for-good = Trop de mots de passe erronés. Un administrateur doit débloquer le compte.
tries-left = { $count ->
    [one] Il reste { $count } essai.
   *[other] Il reste { $count } essais.
}
value-needed = { $label } : cette information est nécessaire pour continuer.
value-unusable = { $label } : cette information ne convient pas. Veuillez la corriger.
value-taken = { $label } : cette valeur est déjà prise. Veuillez en saisir une autre.
yes = Oui
no = Non
one-per-line = Une valeur par ligne.

# Un mot de passe à changer
change-password-title = Changez votre mot de passe
password-too-old = Votre mot de passe est trop ancien pour être encore utilisé.
password-once-only = Votre mot de passe ne pouvait servir qu’une seule fois.
current-password = Mot de passe actuel
new-password = Nouveau mot de passe
new-password-again = Nouveau mot de passe, encore une fois
change-password = Changer le mot de passe
wrong-current-password = Ce n’est pas votre mot de passe actuel.
choose-another-password = Choisissez un autre nouveau mot de passe.
passwords-differ = Les deux nouveaux mots de passe ne sont pas identiques.

# Ce que doit être un nouveau mot de passe
requirement-unmet = Non respecté : { $requirement }
requirement-is-met = Respecté
requirement-length = De { $min } à { $max } caractères
list-separator = {", "}
requirement-kinds = Au moins { $kinds }
requirement-capital-letters = { $count ->
    [one] { $count } majuscule
   *[other] { $count } majuscules
}
requirement-small-letters = { $count ->
    [one] { $count } minuscule
   *[other] { $count } minuscules
}
requirement-digits = { $count ->
    [one] { $count } chiffre
   *[other] { $count } chiffres
}
requirement-special-characters = { $count ->
    [one] { $count } caractère spécial
   *[other] { $count } caractères spéciaux
}
requirement-different-characters = Au moins { $count } caractères différents
requirement-repeated-characters = Aucun caractère plus de { $count } fois de suite
requirement-complexity = Assez long ou varié pour ne pas être deviné
requirement-common = Pas un mot de passe que beaucoup de gens utilisent
requirement-profile = Aucune partie de votre nom, de votre nom d’utilisateur ou de votre adresse
requirement-similar = Pas semblable au mot de passe actuel
requirement-current = Pas le mot de passe actuel
requirement-history = Pas un de vos anciens mots de passe
requirement-age = Votre mot de passe a été changé récemment et ne peut pas encore être changé de nouveau
requirement-alphabet = Pas de lettres dans l’ordre alphabétique
requirement-digit-sequence = Pas de chiffres qui se suivent
requirement-keyboard = Pas de lettres dans l’ordre du clavier
requirement-number-row = Pas de signes dans l’ordre du clavier

# Profil
profile-title = Complétez votre profil
attribute-email = Adresse e-mail
attribute-name-formatted = Nom complet
attribute-name-given = Prénom
attribute-name-middle = Deuxième prénom
attribute-name-family = Nom de famille
attribute-name-honorific-prefix = Civilité
attribute-name-honorific-suffix = Suffixe
attribute-nickname = Surnom
attribute-title = Fonction
attribute-locale = Paramètres régionaux
attribute-preferred-language = Langue préférée
attribute-timezone = Fuseau horaire
attribute-mobile-phone = Téléphone mobile
attribute-primary-phone = Téléphone
attribute-address-street-address = Rue et numéro
attribute-address-locality = Ville
attribute-address-region = État ou région
attribute-address-postal-code = Code postal
attribute-address-country-code = Code du pays

# Accords
agreement-accept-needed = Acceptez les conditions pour continuer.
agreement-accept = J’accepte ces conditions
agreement-decline = Non merci

# Codes par e-mail
verify-title = Consultez vos e-mails
verify-sent-to = Un code a été envoyé à { $email }. Saisissez-le pour confirmer que cette adresse est la vôtre.
verify-no-address = Votre compte doit être confirmé par e-mail et n’a pas d’adresse. Adressez-vous aux responsables de l’application.
verification-code = Code de vérification
verify = Confirmer
send-code-again = Envoyer un nouveau code
recover-title = Choisissez un nouveau mot de passe
recover-sent = S’il existe un compte de ce nom, un code est en route vers son adresse e-mail. Il est valable 5 minutes.
recovery-code = Code de récupération
recover = Définir le nouveau mot de passe
forgot-password = Mot de passe oublié ?
enter-code = Saisissez le code reçu par e-mail.
wrong-code = Ce code n’est pas le bon ou n’est plus valable. Vérifiez-le ou demandez-en un nouveau.
too-many-wrong-codes = Trop de codes erronés. Demandez-en un nouveau.
try-later-minutes = { $minutes ->
    [one] Trop de demandes. Réessayez dans { $minutes } minute.
   *[other] Trop de demandes. Réessayez dans { $minutes } minutes.
}

# Une connexion qui a échoué
failed-title = La connexion n’a pas abouti
failed-no-usable-devices = Votre compte n’a aucun appareil utilisable ici. Les responsables de l’application peuvent vous aider.
failed-action-unavailable = La connexion comporte une étape qui n’est pas disponible. Veuillez le signaler aux responsables de l’application.
failed-nobody-signed-on = Votre identité n’a pas pu être établie. Retournez à l’application et connectez-vous de nouveau.
failed-consent-declined = Vous n’avez pas accepté l’accord.

# Après la déconnexion
signed-off-title = Vous êtes déconnecté
signed-off = Votre session dans ce navigateur est terminée, pour toutes les applications qui l’utilisaient. Vous pouvez fermer cette page.

# Retour vers l’application
form-post-title = Un instant
form-post = Vous retournez à l’application.

# Erreurs
try-again-title = Veuillez réessayer
try-again = Le service de connexion n’a pas pu répondre. Attendez un instant, puis rechargez cette page.
flow-gone-title = Cette connexion n’est plus ouverte
flow-gone = Elle a peut-être expiré, déjà abouti ou commencé dans un autre navigateur. Retournez à l’application et connectez-vous à partir de là. Si cela ne suffit pas, vérifiez que votre navigateur accepte les cookies.
no-cookie-title = Ce navigateur n’a pas envoyé de cookie
no-cookie = La connexion a besoin d’un cookie de cette page. Votre navigateur refuse peut-être les cookies, ou la connexion a commencé dans un autre navigateur ou il y a longtemps. Autorisez les cookies pour cette adresse, retournez à l’application et connectez-vous à partir de là.
already-signed-on-title = Vous êtes déjà connecté
already-signed-on = Cette connexion a déjà abouti. Retournez à l’application ; si elle redemande, recommencez à partir de là.
too-many-title = Trop de tentatives
too-many = Trop de demandes sont venues de votre connexion. Attendez une minute, puis réessayez.
nothing-here-title = Il n’y a rien ici
nothing-here = Cette adresse n’appartient pas au service de connexion. Vérifiez le lien ou retournez à l’application.
bad-request-title = La demande de l’application ne peut pas être exécutée
bad-request = L’application n’a pas demandé votre connexion comme il faut. Vous ne pouvez pas y remédier vous-même : prévenez les responsables de l’application et donnez-leur le texte ci-dessous.

# Connecter un appareil
device-title = Connecter un appareil
device-code-enter = Saisissez le code affiché par votre appareil.
device-code-compare = Vérifiez que votre appareil affiche exactement ce code.
device-code = Code
device-consent-title = Connecter cet appareil ?
device-consent-asks = { $application } demande l’accès à votre compte sur un appareil.
device-consent-code = Ne continuez que si l’appareil devant vous affiche ce code :
device-consent-scopes = L’appareil obtient :
device-consent-warning = Ne connectez jamais un appareil parce que quelqu’un vous a envoyé un lien ou un code.
device-connect = Connecter
device-refuse = Ne pas connecter
device-connected-title = Votre appareil est connecté
device-connected = Vous pouvez fermer cette page et continuer sur votre appareil.
device-failed-title = L’appareil n’a pas été connecté
enter-user-code = Saisissez le code affiché par votre appareil.
wrong-user-code = Aucun appareil n’attend avec ce code. Vérifiez ce qu’affiche votre appareil.
failed-device-code-guessed = Trop de codes erronés ont été saisis. Recommencez sur votre appareil.
failed-device-code-expired = L’appareil n’attend plus ce code. Recommencez sur votre appareil.
failed-device-refused = Vous avez refusé de connecter l’appareil.
failed-no-access = Vous n’êtes pas autorisé à utiliser cette application.

# Identity providers
continue-with = Continuer avec { $provider }
or = ou
external-explanation = Votre organisation vous connecte à un autre endroit.
external-failed = L’autre fournisseur ne vous a pas connecté. Réessayez ou connectez-vous autrement.
linking-title = Associer votre compte
linking-explanation = Vous vous êtes connecté avec { $provider } pour la première fois. Connectez-vous une fois ici, et les deux comptes seront associés.
link-accounts = Se connecter et associer
confirm-title = Vérifiez vos informations
confirm-explanation = { $provider } nous a transmis ces informations. Corrigez ce qui est faux.
failed-external-sign-on = L’autre fournisseur ne vous a pas connecté.
failed-nobody-has-the-account = Votre compte chez l’autre fournisseur n’est pas connu ici.

# Inscription
register-title = Créer un compte
password-again = Mot de passe (confirmation)
register = Créer le compte
back-to-sign-on = Retour à la connexion
no-account = Pas encore de compte ?
register-now = S’inscrire
username-taken = Ce nom d’utilisateur est déjà pris. Choisissez-en un autre.
username-unusable = Ce nom d’utilisateur n’est pas possible. Utilisez au plus 128 caractères visibles.
