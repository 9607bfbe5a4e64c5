# Español. Cómo añadir un texto se explica en en.ftl.

# En varias páginas
sign-on-title = Iniciar sesión
to-application = para continuar a { $application }
error-title = Error: { $title }
reference = Referencia { $id }
continue = Continuar
cancel = Cancelar
optional-label = { $label } (opcional)
switch-account = Usar otra cuenta
show-password = Mostrar
hide-password = Ocultar
show-password-label = Mostrar la contraseña
back-to-application = Volver a la aplicación
back-to = Volver a { $application }

# Inicio de sesión
username = Nombre de usuario
password = Contraseña
sign-on = Iniciar sesión
next = Siguiente
enter-username = Introduzca su nombre de usuario.
enter-password = Introduzca su contraseña.
enter-new-password = Introduzca una contraseña nueva.
invalid-username-or-password = El nombre de usuario o la contraseña no son correctos.
account-not-usable = Esta cuenta no se puede usar.
locked-minutes = { $minutes ->
    [one] Demasiadas contraseñas incorrectas. Vuelva a intentarlo dentro de { $minutes } minuto.
   *[other] Demasiadas contraseñas incorrectas. Vuelva a intentarlo dentro de { $minutes } minutos.
}
locked-for-good = Demasiadas contraseñas incorrectas. Un administrador tiene que desbloquear la cuenta.
tries-left = { $count ->
    [one] Queda { $count } intento.
   *[other] Quedan { $count } intentos.
}
value-needed = { $label }: este dato es necesario para continuar.
value-unusable = { $label }: este dato no puede ser correcto. Corríjalo, por favor.
value-taken = { $label }: este dato ya está en uso. Introduzca otro, por favor.
yes = Sí
no = No
one-per-line = Un dato por línea.

# Una contraseña que hay que cambiar
change-password-title = Cambie su contraseña
password-too-old = Su contraseña es demasiado antigua para seguir usándola.
password-once-only = Su contraseña solo servía para una vez.
current-password = Contraseña actual
new-password = Contraseña nueva
new-password-again = Contraseña nueva, otra vez
change-password = Cambiar la contraseña
wrong-current-password = Esa no es su contraseña actual.
choose-another-password = Elija otra contraseña nueva.
passwords-differ = Las dos contraseñas nuevas no son iguales.

# Cómo debe ser una contraseña nueva
requirement-unmet = No se cumple: { $requirement }
requirement-is-met = Se cumple
requirement-length = De { $min } a { $max } caracteres
list-separator = {", "}
requirement-kinds = Al menos { $kinds }
requirement-capital-letters = { $count ->
    [one] { $count } mayúscula
   *[other] { $count } mayúsculas
}
requirement-small-letters = { $count ->
    [one] { $count } minúscula
   *[other] { $count } minúsculas
}
requirement-digits = { $count ->
    [one] { $count } cifra
   *[other] { $count } cifras
}
requirement-special-characters = { $count ->
    [one] { $count } carácter especial
   *[other] { $count } caracteres especiales
}
requirement-different-characters = Al menos { $count } caracteres distintos
requirement-repeated-characters = Ningún carácter más de { $count } veces seguidas
requirement-complexity = Lo bastante larga o variada para que no se pueda adivinar
requirement-common = Ninguna de las contraseñas que usa mucha gente
requirement-profile = Ninguna parte de su nombre, nombre de usuario o dirección
requirement-similar = No parecida a la contraseña actual
requirement-current = No la contraseña actual
requirement-history = Ninguna de sus contraseñas anteriores
requirement-age = Su contraseña se cambió hace poco y todavía no se puede volver a cambiar
requirement-alphabet = Sin letras en orden alfabético
requirement-digit-sequence = Sin cifras consecutivas
requirement-keyboard = Sin letras en el orden del teclado
requirement-number-row = Sin signos en el orden del teclado

# Perfil
profile-title = Complete su perfil
attribute-email = Correo electrónico
attribute-name-formatted = Nombre completo
attribute-name-given = Nombre
attribute-name-middle = Segundo nombre
attribute-name-family = Apellidos
attribute-name-honorific-prefix = Tratamiento
attribute-name-honorific-suffix = Sufijo
attribute-nickname = Apodo
attribute-title = Cargo
attribute-locale = Configuración regional
attribute-preferred-language = Idioma preferido
attribute-timezone = Zona horaria
attribute-mobile-phone = Teléfono móvil
attribute-primary-phone = Teléfono
attribute-address-street-address = Calle y número
attribute-address-locality = Ciudad
attribute-address-region = Estado o región
attribute-address-postal-code = Código postal
attribute-address-country-code = Código de país

# Acuerdos
agreement-accept-needed = Acepte las condiciones para continuar.
agreement-accept = Acepto estas condiciones
agreement-decline = No, gracias

# Códigos por correo
verify-title = Revise su correo electrónico
verify-sent-to = Se ha enviado un código a { $email }. Introdúzcalo para confirmar que la dirección es suya.
verify-no-address = Su cuenta debe confirmarse por correo electrónico y no tiene ninguna dirección. Pida ayuda a los responsables de la aplicación.
verification-code = Código de verificación
verify = Confirmar
send-code-again = Enviar un código nuevo
recover-title = Elija una contraseña nueva
recover-sent = Si existe una cuenta con este nombre, un código va de camino a su dirección de correo electrónico. Es válido durante 5 minutos.
recovery-code = Código de recuperación
recover = Establecer la contraseña nueva
forgot-password = ¿Ha olvidado la contraseña?
enter-code = Introduzca el código del correo electrónico.
wrong-code = Este código no es correcto o ya no es válido. Compruébelo o solicite uno nuevo.
too-many-wrong-codes = Demasiados códigos erróneos. Solicite uno nuevo.
try-later-minutes = { $minutes ->
    [one] Demasiados intentos. Inténtelo de nuevo dentro de { $minutes } minuto.
   *[other] Demasiados intentos. Inténtelo de nuevo dentro de { $minutes } minutos.
}

# Un inicio de sesión fallido
failed-title = No se pudo iniciar su sesión
failed-no-usable-devices = Su cuenta no tiene ningún dispositivo que se pueda usar aquí. Los responsables de la aplicación pueden ayudarle.
failed-action-unavailable = El inicio de sesión tiene un paso que no está disponible. Comuníqueselo a los responsables de la aplicación.
failed-nobody-signed-on = No se pudo averiguar quién es usted. Vuelva a la aplicación e inicie sesión de nuevo.
failed-consent-declined = No ha aceptado el acuerdo.

# Después de cerrar la sesión
signed-off-title = Ha cerrado la sesión
signed-off = Su sesión en este navegador ha terminado, para todas las aplicaciones que la usaban. Puede cerrar esta página.

# De vuelta a la aplicación
form-post-title = Un momento
form-post = Está volviendo a la aplicación.

# Errores
try-again-title = Vuelva a intentarlo
try-again = El servicio de inicio de sesión no pudo responder. Espere un momento y vuelva a cargar esta página.
flow-gone-title = Este inicio de sesión ya no está abierto
flow-gone = Puede que haya caducado, que ya haya terminado o que se haya empezado en otro navegador. Vuelva a la aplicación e inicie la sesión desde allí. Si eso no ayuda, compruebe que su navegador acepta cookies.
no-cookie-title = Este navegador no envió ninguna cookie
no-cookie = Para iniciar la sesión hace falta una cookie de esta página. Puede que su navegador rechace las cookies, o que la sesión se empezara en otro navegador o hace mucho tiempo. Permita las cookies para esta dirección, vuelva a la aplicación e inicie la sesión desde allí.
already-signed-on-title = Ya ha iniciado la sesión
already-signed-on = Este inicio de sesión ya había terminado. Vuelva a la aplicación; si se lo pide de nuevo, empiece desde allí.
too-many-title = Demasiados intentos
too-many = Llegaron demasiadas solicitudes desde su conexión. Espere un minuto y vuelva a intentarlo.
nothing-here-title = Aquí no hay nada
nothing-here = Esta dirección no es del servicio de inicio de sesión. Compruebe el enlace o vuelva a la aplicación.
bad-request-title = No se puede atender la solicitud de la aplicación
bad-request = La aplicación no pidió bien su inicio de sesión. Usted no puede arreglarlo: avise a los responsables de la aplicación y deles el texto siguiente.

# Conectar un dispositivo
device-title = Conectar un dispositivo
device-code-enter = Introduzca el código que muestra su dispositivo.
device-code-compare = Compruebe que su dispositivo muestra exactamente este código.
device-code = Código
device-consent-title = ¿Conectar este dispositivo?
device-consent-asks = { $application } pide acceso a su cuenta en un dispositivo.
device-consent-code = Continúe solo si el dispositivo que tiene delante muestra este código:
device-consent-scopes = El dispositivo obtiene:
device-consent-warning = No conecte nunca un dispositivo porque alguien le haya enviado un enlace o un código.
device-connect = Conectar
device-refuse = No conectar
device-connected-title = Su dispositivo está conectado
device-connected = Puede cerrar esta página y continuar en su dispositivo.
device-failed-title = El dispositivo no se ha conectado
enter-user-code = Introduzca el código que muestra su dispositivo.
wrong-user-code = Ningún dispositivo espera con este código. Compruebe lo que muestra su dispositivo.
failed-device-code-guessed = Se han introducido demasiados códigos incorrectos. Empiece de nuevo en su dispositivo.
failed-device-code-expired = El dispositivo ya no espera este código. Empiece de nuevo en su dispositivo.
failed-device-refused = Ha rechazado conectar el dispositivo.
failed-no-access = No puede usar esta aplicación.

# Identity providers
continue-with = Continuar con { $provider }
or = o
external-explanation = Su organización inicia su sesión en otro lugar.
external-failed = El otro proveedor no inició su sesión. Inténtelo de nuevo o inicie sesión de otra forma.
linking-title = Vincule su cuenta
linking-explanation = Ha iniciado sesión con { $provider } por primera vez. Inicie sesión aquí una vez y las dos cuentas quedarán vinculadas.
link-accounts = Iniciar sesión y vincular
confirm-title = Revise sus datos
confirm-explanation = { $provider } nos comunicó estos datos. Corrija lo que no sea correcto.
failed-external-sign-on = El otro proveedor no inició su sesión.
failed-nobody-has-the-account = Su cuenta en el otro proveedor no se conoce aquí.

# Registro
register-title = Crear una cuenta
password-again = Repita la contraseña
register = Crear cuenta
back-to-sign-on = Volver al inicio de sesión
no-account = ¿Aún no tiene cuenta?
register-now = Regístrese
username-taken = Ese nombre de usuario ya existe. Elija otro.
username-unusable = No puede ser un nombre de usuario. Use hasta 128 caracteres visibles.
