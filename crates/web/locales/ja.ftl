# 日本語。テキストの追加方法は en.ftl にあります。

# 複数のページ
sign-on-title = サインオン
to-application = { $application } に進みます
error-title = エラー: { $title }
reference = 参照番号 { $id }
continue = 続ける
cancel = キャンセル
optional-label = { $label }(任意)
switch-account = 別のアカウントを使う
show-password = 表示
hide-password = 非表示
show-password-label = パスワードを表示
back-to-application = アプリケーションに戻る
back-to = { $application } に戻る

# サインオン
username = ユーザー名
password = パスワード
sign-on = サインオン
next = 次へ
enter-username = ユーザー名を入力してください。
enter-password = パスワードを入力してください。
enter-new-password = 新しいパスワードを入力してください。
invalid-username-or-password = ユーザー名またはパスワードが正しくありません。
account-not-usable = このアカウントは使用できません。
locked-minutes = { $minutes ->
   *[other] パスワードの入力を何度も間違えました。{ $minutes } 分後にもう一度お試しください。
}
locked-for-good = パスワードの入力を何度も間違えました。管理者によるアカウントのロック解除が必要です。
tries-left = あと{ $count }回試すことができます。
value-needed = 続けるには{ $label }が必要です。
value-unusable = 入力された{ $label }は使用できません。修正してください。
value-taken = 入力された{ $label }はすでに使われています。別の値を入力してください。
yes = はい
no = いいえ
one-per-line = 1行に1つずつ入力してください。

# パスワードの変更
change-password-title = パスワードの変更
password-too-old = パスワードの有効期限が切れました。
password-once-only = このパスワードは一度しか使えません。
current-password = 現在のパスワード
new-password = 新しいパスワード
new-password-again = 新しいパスワード(確認)
change-password = パスワードを変更
wrong-current-password = 現在のパスワードが正しくありません。
choose-another-password = 別の新しいパスワードを選んでください。
passwords-differ = 新しいパスワードが一致しません。

# 新しいパスワードの条件
requirement-unmet = 未達成: { $requirement }
requirement-is-met = 達成
requirement-length = { $min }~{ $max } 文字
list-separator = {"、"}
requirement-kinds = 次を含む: { $kinds }
requirement-capital-letters = { $count ->
   *[other] 大文字 { $count } 文字以上
}
requirement-small-letters = { $count ->
   *[other] 小文字 { $count } 文字以上
}
requirement-digits = { $count ->
   *[other] 数字 { $count } 文字以上
}
requirement-special-characters = { $count ->
   *[other] 記号 { $count } 文字以上
}
requirement-different-characters = { $count } 種類以上の文字
requirement-repeated-characters = 同じ文字の連続は { $count } 回まで
requirement-complexity = 推測されにくい十分な長さまたは複雑さ
requirement-common = 多くの人が使うパスワードではないこと
requirement-profile = 名前、ユーザー名、住所の一部を含まないこと
requirement-similar = 現在のパスワードに似ていないこと
requirement-current = 現在のパスワードと異なること
requirement-history = 以前のパスワードと異なること
requirement-age = パスワードは最近変更されたため、まだ変更できません
requirement-alphabet = アルファベット順の文字を含まないこと
requirement-digit-sequence = 連続した数字を含まないこと
requirement-keyboard = キーボードの並び順の文字を含まないこと
requirement-number-row = キーボードの並び順の記号を含まないこと

# プロフィール
profile-title = プロフィールの入力
attribute-email = メールアドレス
attribute-name-formatted = 氏名
attribute-name-given = 名
attribute-name-middle = ミドルネーム
attribute-name-family = 姓
attribute-name-honorific-prefix = 敬称(前)
attribute-name-honorific-suffix = 敬称(後)
attribute-nickname = ニックネーム
attribute-title = 役職
attribute-locale = ロケール
attribute-preferred-language = 優先言語
attribute-timezone = タイムゾーン
attribute-mobile-phone = 携帯電話
attribute-primary-phone = 電話番号
attribute-address-street-address = 番地
attribute-address-locality = 市区町村
attribute-address-region = 都道府県
attribute-address-postal-code = 郵便番号
attribute-address-country-code = 国コード

# 同意書
agreement-accept-needed = 続けるには規約に同意してください。
agreement-accept = この規約に同意します
agreement-decline = 同意しません

# メールで送るコード
verify-title = メールを確認してください
verify-sent-to = { $email } にコードを送信しました。ご自身のアドレスであることを確認するため、入力してください。
verify-no-address = このアカウントはメールでの確認が必要ですが、アドレスが登録されていません。アプリケーションの運営者にお問い合わせください。
verification-code = 確認コード
verify = 確認
send-code-again = 新しいコードを送信
recover-title = 新しいパスワードを設定
recover-sent = この名前のアカウントがある場合、登録されたメールアドレスにコードを送信しました。有効期間は 5 分です。
recovery-code = 再設定コード
recover = 新しいパスワードを設定
forgot-password = パスワードをお忘れですか
enter-code = メールに記載されたコードを入力してください。
wrong-code = コードが正しくないか、有効期限が切れています。確認するか、新しいコードを請求してください。
too-many-wrong-codes = 誤ったコードの入力回数が上限に達しました。新しいコードを請求してください。
try-later-minutes = 回数が上限に達しました。{ $minutes } 分後にもう一度お試しください。

# サインオンの失敗
failed-title = サインオンできませんでした
failed-no-usable-devices = お使いのアカウントには、ここで使用できるデバイスがありません。アプリケーションの運営者にお問い合わせください。
failed-action-unavailable = サインオンに利用できない手順が含まれています。アプリケーションの運営者にお知らせください。
failed-nobody-signed-on = ご本人を確認できませんでした。アプリケーションに戻り、もう一度サインオンしてください。
failed-consent-declined = 規約に同意されませんでした。

# サインオフの後
signed-off-title = サインオフしました
signed-off = このブラウザーでのセッションは、使用していたすべてのアプリケーションで終了しました。このページを閉じてかまいません。

# アプリケーションへの戻り
form-post-title = しばらくお待ちください
form-post = アプリケーションに戻ります。

# エラー
try-again-title = もう一度お試しください
try-again = サインオンサービスが応答できませんでした。しばらく待ってから、このページを再読み込みしてください。
flow-gone-title = このサインオンは終了しています
flow-gone = 期限が切れたか、すでに完了したか、別のブラウザーで始められた可能性があります。アプリケーションに戻り、そこからサインオンしてください。それでも解決しない場合は、ブラウザーで Cookie が有効になっていることを確認してください。
no-cookie-title = ブラウザーから Cookie が送信されませんでした
no-cookie = サインオンにはこのページの Cookie が必要です。ブラウザーが Cookie を拒否しているか、別のブラウザーまたはかなり前に始められた可能性があります。このアドレスの Cookie を許可し、アプリケーションに戻ってそこからサインオンしてください。
already-signed-on-title = すでにサインオンしています
already-signed-on = このサインオンはすでに完了しています。アプリケーションに戻り、再び求められた場合はそこから始めてください。
too-many-title = 試行回数が多すぎます
too-many = お使いの接続からの要求が多すぎます。1 分ほど待ってから、もう一度お試しください。
nothing-here-title = ここには何もありません
nothing-here = このアドレスはサインオンサービスのものではありません。リンクを確認するか、アプリケーションに戻ってください。
bad-request-title = アプリケーションの要求を実行できません
bad-request = アプリケーションからのサインオンの要求に問題があります。ご自身では解決できません。アプリケーションの運営者に連絡し、次の内容を伝えてください。

# デバイスの接続
device-title = デバイスを接続
device-code-enter = デバイスに表示されているコードを入力してください。
device-code-compare = デバイスにまったく同じコードが表示されていることを確認してください。
device-code = コード
device-consent-title = このデバイスを接続しますか?
device-consent-asks = { $application } がデバイスからあなたのアカウントへのアクセスを求めています。
device-consent-code = 目の前のデバイスに次のコードが表示されている場合にのみ続行してください。
device-consent-scopes = デバイスに許可される内容:
device-consent-warning = 誰かからリンクやコードが送られてきたという理由でデバイスを接続しないでください。
device-connect = 接続する
device-refuse = 接続しない
device-connected-title = デバイスが接続されました
device-connected = このページを閉じて、デバイスで続行してください。
device-failed-title = デバイスは接続されませんでした
enter-user-code = デバイスに表示されているコードを入力してください。
wrong-user-code = このコードで待機しているデバイスはありません。デバイスの表示を確認してください。
failed-device-code-guessed = 間違ったコードの入力回数が多すぎます。デバイスで最初からやり直してください。
failed-device-code-expired = デバイスはこのコードをもう待っていません。デバイスで最初からやり直してください。
failed-device-refused = デバイスの接続を拒否しました。
failed-no-access = このアプリケーションを使用することはできません。

# Identity providers
continue-with = { $provider } で続行
or = または
external-explanation = 組織の別のサイトでサインオンします。
external-failed = もう一方のプロバイダーでサインオンできませんでした。もう一度試すか、別の方法でサインオンしてください。
linking-title = アカウントの連携
linking-explanation = { $provider } で初めてサインオンしました。ここで一度サインオンすると、2 つのアカウントが連携されます。
link-accounts = サインオンして連携
confirm-title = 情報の確認
confirm-explanation = { $provider } から次の情報を受け取りました。誤りがあれば修正してください。
failed-external-sign-on = もう一方のプロバイダーでサインオンできませんでした。
failed-nobody-has-the-account = もう一方のプロバイダーのアカウントは登録されていません。

# 新規登録
register-title = アカウントの作成
password-again = パスワード(確認)
register = アカウントを作成
back-to-sign-on = サインオンに戻る
no-account = アカウントをお持ちでない場合
register-now = 新規登録
username-taken = このユーザー名はすでに使われています。別の名前にしてください。
username-unusable = このユーザー名は使えません。表示できる文字を 128 文字以内で入力してください。
